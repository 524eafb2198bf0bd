-- Files are kept by their hash, attachments say which text has which. Whoever attaches a file holds its row until the commit, so
-- that nobody prunes it meanwhile.

-- name: hold_files
-- Those of the files that are here already, in the order in which everyone locks them.
select hash from files where workspace_id = :workspace_id and hash = any (:hashes::bytea[]) order by hash for key share;

-- name: add_file!
-- A twin that adds the same one at this moment is waited for.
insert into files (workspace_id, hash, size, content) values (:workspace_id, :hash, length(:content), :content)
on conflict do nothing;

-- name: attach!
insert into attachments (workspace_id, id, content_id, place, filename, content_type, cid, hash, size)
select :workspace_id, id, content_id, place, filename, content_type, cid, decode(hash, 'hex'), size
from jsonb_to_recordset(:rows::jsonb) as r (
    id uuid, content_id uuid, place smallint, filename text, content_type text, cid text, hash text, size integer
);

-- name: copy!
-- The text of a message has become another; its files stay.
insert into attachments (workspace_id, id, content_id, place, filename, content_type, cid, hash, size)
select workspace_id, id, :new_id, place, filename, content_type, cid, hash, size
from attachments where workspace_id = :workspace_id and content_id = :content_id;

-- name: of_email
select a.id, a.filename, a.content_type, a.cid, a.size, a.hash
from emails e join attachments a on a.workspace_id = e.workspace_id and a.content_id = e.content_id
where e.workspace_id = :workspace_id and e.id = :email_id
order by a.place;

-- name: piece$
-- A part of a file; `start` counts from 0.
select substring(content from (:start + 1) for :length) from files where workspace_id = :workspace_id and hash = :hash;

-- name: idle_files
-- Some that no text has any more, held so that none can have them again. Those that somebody is attaching now are left out.
select f.workspace_id, f.hash from files f
where f.created_at < now() - make_interval(secs => :seconds)
    and not exists (select from attachments a where a.workspace_id = f.workspace_id and a.hash = f.hash)
order by f.created_at limit :count
for update skip locked;

-- name: drop_files!
-- In a statement of its own, after `idle_files`: what was attached before the files were held shows only now.
delete from files f
using unnest(:workspace_ids::uuid[], :hashes::bytea[]) as idle (workspace_id, hash)
where f.workspace_id = idle.workspace_id and f.hash = idle.hash
    and not exists (select from attachments a where a.workspace_id = f.workspace_id and a.hash = f.hash);
