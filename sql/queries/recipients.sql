-- name: at^
-- The recipient with a place in a list, from 0. Rows that were left out have a position too: as many as lie before this recipient
-- are added. So a list of a million is not walked along.
select row, email, name, variables from import_recipients
where workspace_id = :workspace_id and import_id = :import_id and position >= :index + (
    select count(*) from (
        select position - row_number() over (order by position) + 1 as before from import_notes
        where workspace_id = :workspace_id and import_id = :import_id and kind <> 'role'
    ) as left_out where before <= :index
)
order by position limit 1;

-- name: named^
-- The recipient with an address, and its place.
select r.row, r.email, r.name, r.variables, r.position - (
        select count(*) from import_notes n
        where n.workspace_id = r.workspace_id and n.import_id = r.import_id and n.kind <> 'role' and n.position < r.position
    ) as index
from import_recipients r
where r.workspace_id = :workspace_id and r.import_id = :import_id and r.key = :key
order by r.position limit 1;

-- name: lacking_count$
-- How many have nothing, or only space, for one of these variables.
select count(*) from import_recipients r
where r.workspace_id = :workspace_id and r.import_id = :import_id and exists (
    select from unnest(:names::text[]) as n (name)
    where coalesce(case
        when r.variables ? n.name then r.variables ->> n.name
        when n.name = 'name' then r.name
        when n.name = 'email' then r.email
    end, '') !~ '\S'
);

-- name: lacking
-- The first of them, each with the variables that it has nothing for.
select r.row, r.email, l.variables from import_recipients r
cross join lateral (
    select array_agg(n.name order by n.place) as variables from unnest(:names::text[]) with ordinality as n (name, place)
    where coalesce(case
        when r.variables ? n.name then r.variables ->> n.name
        when n.name = 'name' then r.name
        when n.name = 'email' then r.email
    end, '') !~ '\S'
) as l
where r.workspace_id = :workspace_id and r.import_id = :import_id and l.variables is not null
order by r.position limit :count;
