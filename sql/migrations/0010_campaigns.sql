-- What a cancelled campaign leaves to do, and from when mail counts as late.

-- Its messages are marked a batch at a time, by whichever process takes it up.
alter table campaigns
    add column cancel_order jsonb, -- who ordered it, as the story of each message tells
    add column cancel_marked_at timestamptz, -- when some of its messages were last marked; null: none is left
    add constraint campaigns_cancel_marked check (cancel_marked_at is null or state = 'cancelled');
create index campaigns_cancelling on campaigns (cancel_marked_at) where cancel_marked_at is not null;

-- When a person last let the lane go: until then what was due waited for that person, not for us.
alter table lanes add column freed_at timestamptz not null default '-infinity';

-- The last sign of life. A worker that is killed sends nothing from here on, not only from the end of its lease.
alter table workers add column beat_at timestamptz not null default now();
