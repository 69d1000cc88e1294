-- Queries of links, accesses and removals of recordings.

-- name: lock_case
-- Making a link and killing the case's links queue, so that none is born after its case's links died; and accesses
-- are written one after another, so that whoever reads on after an id misses none.
select pg_advisory_xact_lock(hashtextextended('recordings:' || $1, 0));

-- name: link
select link_id, case_id, customer_id, ordinal, archive_path, download_name, files, size, sha256, token_hash, made_at,
    expires_at, revoked_at, left_out, left_out_count
from recordings.links where link_id = $1;

-- name: link_by_token_hash
select link_id, case_id, customer_id, ordinal, archive_path, download_name, files, size, sha256, token_hash, made_at,
    expires_at, revoked_at, left_out, left_out_count
from recordings.links where token_hash = $1;

-- name: add_link
insert into recordings.links
    (link_id, case_id, customer_id, ordinal, archive_path, download_name, files, size, sha256, token_hash, made_at,
     expires_at, revoked_at, left_out, left_out_count)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: is_revoked
select exists (select from recordings.revocations where case_id = $1);

-- name: lock_cases_of_customer
-- The same lock, of this case and of every case of the customer that has a link, always in the same order.
select case_id, pg_advisory_xact_lock(hashtextextended('recordings:' || case_id, 0))
from (
    select case_id from recordings.links where customer_id = $1
    union select $2
    order by case_id
) as cases;

-- name: revoke
-- No link of these cases opens anything from now on, nor gets made.
with dead as (
    insert into recordings.revocations (case_id, revoked_at)
    select unnest($1::text[]), $2 on conflict do nothing
)
update recordings.links set revoked_at = $2 where case_id = any($1) and revoked_at is null;

-- name: begin_removals
insert into recordings.removals (case_id, path, customer_id, kind, size, ordered_at, warrant_notice_ends_at)
select $1, one.path, $2, $3, one.size, $4, $5
from unnest($6::text[], $7::bigint[]) as one (path, size)
on conflict (case_id, path) do update set removed = false;

-- name: finish_removals
-- What the case has removed in all, these among it.
with gone as (
    update recordings.removals set removed = true where case_id = $1 and path = any($2)
)
select count(*) filter (where kind = 'recording') as recordings,
    count(*) filter (where kind = 'archive') as archives,
    coalesce(sum(size) filter (where kind <> 'staging'), 0)::bigint as bytes
from recordings.removals where case_id = $1 and (removed or path = any($2));

-- name: before_purge
-- What an earlier run has begun; whether the case ever had a link.
select exists (select from recordings.links where case_id = $1) as linked,
    array(select path from recordings.removals where case_id = $1 and not removed order by path) as begun;

-- name: removed
select count(*) filter (where kind = 'recording') as recordings,
    count(*) filter (where kind = 'archive') as archives,
    coalesce(sum(size) filter (where kind <> 'staging'), 0)::bigint as bytes
from recordings.removals where case_id = $1 and removed;

-- name: record_access
insert into recordings.accesses (case_id, link_id, at, address, kind)
values ($1, $2, $3, $4, $5)
returning access_id;

-- name: finish_access
update recordings.accesses set bytes = $2 where access_id = $1 and bytes is null;

-- name: accesses
select access_id, case_id, link_id, at, address, kind, bytes from recordings.accesses
where case_id = $1 and access_id > $2
order by access_id;
