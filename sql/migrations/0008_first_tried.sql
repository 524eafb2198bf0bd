-- From when a message's lifetime of retries counts: its first attempt, not its creation or a wait for limits.
alter table emails add column first_tried_at timestamptz;
