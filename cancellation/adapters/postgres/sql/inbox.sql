-- Queries of the ledger of incoming mail, and of Commercial's tasks outside of a case.

-- name: lock_message
select pg_advisory_xact_lock($1);

-- name: delivery
-- With what became of earlier copies of the same e-mail.
select reported_as, action, fate, customer_id,
    exists (
        select from inbox.messages e
        where e.reported_as = m.reported_as and e.seq < m.seq and e.fate in ('opened', 'reported', 'undecided'))
        as acted_before,
    exists (
        select from inbox.messages e
        where e.reported_as = m.reported_as and e.seq < m.seq and e.handled_at is null) as pending_before
from inbox.messages m where id = $1;

-- name: contents_of_message_id
select content_sha256, reported_as from inbox.messages where message_id = $1 order by seq;

-- name: insert_delivery
insert into inbox.messages (id, sha256, message_id, content_sha256, reported_as, received_at, envelope, source)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: settle
-- The first word stays.
update inbox.messages set action = $2, fate = $3, customer_id = $4, why = $5, handled_at = $6
where id = $1 and handled_at is null;

-- name: keep_key
-- The first word stays.
insert into inbox.signing_keys (sha256, domain, selector, record, looked_up_at)
values ($1, $2, $3, $4, $5)
on conflict do nothing;

-- name: keys_of
select domain, selector, record, looked_up_at from inbox.signing_keys where sha256 = $1 order by domain, selector;

-- name: copies
select reported_as, received_at, envelope, customer_id from inbox.messages
where reported_as = (select reported_as from inbox.messages where sha256 = $1 order by seq limit 1)
order by received_at, seq;

-- name: open_task
insert into crm.mail_tasks (sha256, reported_as, customer_id, title, text, opened_at, quiet)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing;

-- name: task
-- Of an e-mail, found by any of its copies.
select sha256, reported_as, customer_id, title, text, opened_at, closed_at, closed_by, quiet from crm.mail_tasks
where sha256 = $1 or reported_as in (select reported_as from inbox.messages where sha256 = $1)
order by opened_at
limit 1;

-- name: mails_of
-- The newest e-mails of a customer, one row a content and message.
select distinct on (received_at, reported_as) sha256, reported_as, received_at, fate, action
from inbox.messages where customer_id = $1 and fate is not null
order by received_at desc, reported_as, seq
limit $2;

-- name: decisions
select message_id, original_sha256, case_id, customer_id, is_request, reason, decided_by, decided_at
from crm.mail_decisions order by decided_at, message_id limit $1;

-- name: close_task
update crm.mail_tasks t set closed_at = $3, closed_by = $2
where closed_at is null
    and (t.sha256 = $1 or t.reported_as in (select reported_as from inbox.messages where sha256 = $1))
returning true;

-- name: mail_tasks
select sha256, reported_as, customer_id, title, text, opened_at, closed_at, closed_by, quiet from crm.mail_tasks
where closed_at is null or not $1
order by opened_at, sha256
limit 10000;
