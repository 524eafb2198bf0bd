-- The messages of a large campaign are written after it was scheduled, a batch at a time.

alter table campaigns
    add column placed integer, -- how many are written so far; null: all of them
    add column placed_until integer, -- the last place in the list that is
    add column placing_at timestamptz, -- when somebody last worked on it
    add constraint campaigns_placing check (
        (placed is null) = (placing_at is null) and (placed is null) = (placed_until is null)
    );
create index campaigns_placing_at on campaigns (placing_at) where placing_at is not null;
