-- Queries of the outbox of outgoing letters.

-- name: take_turn
-- Be alone with a letter, keep it if it is new, and count the attempt. No row: it was settled before. The lock is of
-- the session, so that no transaction is open while the letter is sent. Whoever had to wait for it must read what
-- became of the recipients meanwhile by a statement of its own, which sees it.
with turn as materialized (
    select pg_advisory_lock($1)
), letter as (
    insert into notification.outbox as held
        (key, case_id, kind, audience, message_id, subject, content, content_is_whole, written_at, told, status,
         attempts, last_attempt_at, settled_at)
    select $2, $3, $4, $5, $6, $7, $8, $9, $10, $12,
        case when waits then 'pending' else 'refused' end,
        case when waits then 1 else 0 end,
        case when waits then now() end,
        case when waits then null else now() end
    from turn, (select cardinality($11::text[]) > 0 as waits) as addressed
    on conflict (key) do update set attempts = held.attempts + 1, last_attempt_at = now()
    where held.status = 'pending'
    returning key, xmax = 0 as is_new, message_id, content, content_is_whole, told
), addressed as (
    insert into notification.recipients (key, place, address)
    select key, place - 1, address
    from letter, unnest($11::text[]) with ordinality as one (address, place)
    where is_new
)
select is_new, message_id, case when not is_new then content end as content, content_is_whole, told from letter;

-- name: letter
select message_id, content, content_is_whole, told from notification.outbox where key = $1;

-- name: told_ends
-- The ends in figures that letters of a case told.
select told from notification.outbox where case_id = $1 and told is not null;

-- name: recipients
select address, status, reply from notification.recipients where key = $1 order by place;

-- name: settle_turn
-- What became of the letter, then the turn is over. Whoever waits for the lock gets it a moment before this is
-- committed, and then waits for the letter's row, which is locked before the lock is given up.
with answered as (
    update notification.recipients held set status = one.status, reply = one.reply, settled_at = now()
    from unnest($5::text[], $6::text[], $7::text[]) as one (address, status, reply)
    where held.key = $2 and held.address = one.address and held.status = 'pending'
), letter as (
    update notification.outbox
    set status = $3, last_error = $4, settled_at = case when $3 <> 'pending' then now() end
    where key = $2 and status = 'pending'
    returning key
)
select pg_advisory_unlock($1) from (select count(*) as letters from letter) as settled where letters >= 0;

-- name: leave_turn
select pg_advisory_unlock($1);

-- name: sent_letter
-- The first of these Message-IDs that is a letter of ours, else the newest letter with that subject.
(select o.message_id, o.case_id, o.kind, nullif(o.audience, 'customer') as team
from unnest($1::text[]) with ordinality as asked (message_id, place)
join notification.outbox o on o.message_id = asked.message_id
order by asked.place
limit 1)
union all
(select o.message_id, o.case_id, o.kind, nullif(o.audience, 'customer')
from notification.outbox o where o.subject = $2 and $2 <> ''
order by o.written_at desc
limit 1)
limit 1;

-- name: contents_to
-- The newest letters to addresses of customers: $1 addresses in lower case, $2 how many at most.
select o.content from notification.outbox o
where o.audience = 'customer'
    and o.key in (select key from notification.recipients where lower(address) = any($1::text[]))
order by o.written_at desc, o.key
limit $2;
