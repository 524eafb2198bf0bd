-- What the API says about one message beyond its sender's defaults.

alter table contents add column from_name text; -- null: the sender's own
