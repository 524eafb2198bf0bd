-- Suppression lists of a million addresses come in as lists of recipients do: read by a worker, whole or not at all.

alter table imports
    add column purpose text not null default 'recipients' check (purpose in ('recipients', 'suppressions')),
    add column added_to integer, -- the place in the list up to which its addresses are suppressed; null: that has not begun
    add constraint imports_added check (added_to is null or purpose = 'suppressions');
