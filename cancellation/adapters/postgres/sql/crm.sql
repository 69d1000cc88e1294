-- Queries of the CRM: the case's own record, the directory of customers, originals.

-- ---------------------------------------------------------------------------------------- opening

-- name: earlier_case
-- The row of this very case; else the case that it goes on as; else the forsaken one that it ends. Locked.
select case_id, protocol, stage, opened_at, trail_seq, status_before, mails_count_after
from crm.cases c
where case_id = $1 or (
    customer_id = $2 and workflow_id = $3 and (
        (opened_at < $4 and ended_at is null)
        or exists (select from crm.tasks t where t.case_id = c.case_id and t.key = $5)))
order by case_id = $1 desc, ended_at is null
limit 1
for update;

-- name: is_past_no_return
select exists (select from crm.destructive_acts where case_id = $1);

-- name: start_case
-- The case with Commercial's task and the customer's status; no row when there is one in the way. Somebody who has
-- left (status $17) and writes once more stays one who has left, unless the case goes on.
with opened as (
    insert into crm.cases
        (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at, follows, follows_stage,
         status_before, notice_days)
    values ($1, $2, $3, $4, $5, $6, $7, $6, $8, $9,
        coalesce($10, (select status from crm.customers where customer_id = $2), 'Ativo'), $18)
    on conflict do nothing
    returning case_id, customer_id, opened_at, status_before, mails_count_after
), task as (
    insert into crm.tasks (case_id, key, team, title, text, due_on, ordered_at)
    select case_id, $11, $12, $13, $14, $15, opened_at from opened
), status as (
    update crm.customers c set status = $16, status_at = opened_at
    from opened o
    where c.customer_id = o.customer_id and o.status_before <> $17
        and (c.status_at is null or c.status_at <= o.opened_at)
)
select status_before, mails_count_after from opened;

-- name: held_start
select c.customer_id, c.protocol, c.stage, c.trail_seq, c.outcome, c.status_before, c.mails_count_after, c.follows_stage,
    f.case_id as follows, f.protocol as follows_protocol, f.opened_at as follows_opened_at,
    f.trail_seq as follows_trail_seq
from crm.cases c left join crm.cases f on f.case_id = c.follows
where c.case_id = $1;

-- ---------------------------------------------------------------------------------------- records

-- name: lock_case
select customer_id, stage, trail_seq, outcome from crm.cases where case_id = $1 for update;

-- name: trail_entries
select seq, at, actor, kind, detail, message_id, problems from crm.trail where case_id = $1 and seq = any($2);

-- name: append_trail
-- In order: each entry is chained to the one before.
insert into crm.trail (case_id, seq, at, actor, kind, detail, message_id, problems)
select $1, e.seq, e.at, e.actor, e.kind, e.detail, e.message_id, e.problems
from jsonb_to_recordset($2) as e (
    seq integer, at timestamptz, actor text, kind text, detail text, message_id text, problems jsonb)
order by e.seq;

-- name: change_tasks
-- Tasks are opened, or those of the same key brought up to date unless a later order is held; others are closed:
-- those of the keys in $4, or all when $5 says so.
with orders as (
    select * from jsonb_to_recordset($3) as o (key text, team text, title text, text text, due_on date)
), ordered as (
    insert into crm.tasks as held (case_id, key, team, title, text, due_on, ordered_at, closed_at)
    select $1, key, team, title, text, due_on, $2, case when key = any($4) then $2::timestamptz end from orders
    on conflict (case_id, key) do update
    set team = excluded.team, title = excluded.title, text = excluded.text, due_on = excluded.due_on,
        ordered_at = excluded.ordered_at, closed_at = excluded.closed_at
    where held.ordered_at <= excluded.ordered_at
        and (held.closed_at is null or held.closed_at < excluded.ordered_at)
)
update crm.tasks set closed_at = $2
where case_id = $1 and closed_at is null and ordered_at <= $2
    and (key = any($4) or $5) and key not in (select key from orders);

-- name: put_retention
-- An attempt that comes late takes nothing back.
with given as (
    select * from jsonb_to_recordset($2) as o (
        offer_id text, kind text, description text, status text, actor text, at timestamptz)
), offers as (
    insert into crm.offers as held (case_id, offer_id, kind, description, status, actor, at)
    select $1, offer_id, kind, description, status, actor, at from given
    on conflict (case_id, offer_id) do update
    set kind = excluded.kind, description = excluded.description, status = excluded.status, actor = excluded.actor,
        at = excluded.at
    where held.at <= excluded.at
)
insert into crm.retention as held (case_id, outcome, reason_category, reason_text, decided_by, decided_at)
select $1, $3, $4, $5, $6, $7 where $3::text is not null
on conflict (case_id) do update
set outcome = excluded.outcome, reason_category = excluded.reason_category, reason_text = excluded.reason_text,
    decided_by = excluded.decided_by, decided_at = excluded.decided_at
where held.decided_at <= excluded.decided_at;

-- name: insert_formalization
-- Once a case; no row when there is one. The constraints check that it is complete (P19).
insert into crm.formalizations
    (case_id, customer_id, message_id, sender, recipients, received_at, subject, explicit_request, reason,
     authentication, confirmed_by, original_sha256, original_ref, mails, required_mailboxes, notice_days, clause,
     starts_at, received_on, last_day, end_offset_minutes, notice_ends_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
on conflict (case_id) do nothing
returning true;

-- name: formalization_record
select mails, reason, starts_at, last_day, notice_ends_at, clause, notice_days, required_mailboxes, received_on,
    end_offset_minutes
from crm.formalizations where case_id = $1;

-- name: formalization_record_locked
-- A destructive act under way holds the row: whoever has locked it sees all that were ordered.
select mails, reason, starts_at, last_day, notice_ends_at, clause, notice_days, required_mailboxes, received_on,
    end_offset_minutes
from crm.formalizations where case_id = $1 for update;

-- name: revoke_formalization
update crm.formalizations set in_force = false, revoked_at = $2 where case_id = $1 and in_force;

-- name: advance_case
-- An attempt that comes late takes neither the stage back nor the customer's status, which is $6, or where $7 says
-- so the status of before the case.
with case_row as (
    update crm.cases
    set stage = case when changed_at <= $2 then $4 else stage end,
        changed_at = greatest(changed_at, $2),
        ended_at = case when outcome is null and $5::text is not null then $2 else ended_at end,
        outcome = coalesce(outcome, $5)
    where case_id = $1
    returning status_before
)
update crm.customers
set status = coalesce($6, case_row.status_before), status_at = $2
from case_row
where customer_id = $3 and ($6::text is not null or $7)
    and (status_at is null or status_at <= $2);

-- name: start_watch
-- With the end of a case that closed (X10).
insert into crm.billing_watches (case_id, terms) values ($1, $2) on conflict do nothing;

-- name: formalization_state
select case_id, customer_id, last_day, notice_ends_at, in_force from crm.formalizations where case_id = $1;

-- name: order_act
insert into crm.destructive_acts (case_id, customer_id, act, ordered_at, warrant_notice_ends_at)
values ($1, $2, $3, $4, $5)
on conflict do nothing;

-- ---------------------------------------------------------------------------------------- customers

-- name: customer
select * from crm.customer_cards where customer_id = $1;

-- name: customers_by_email
select * from crm.customer_cards
where customer_id in (select customer_id from crm.authorised_contacts where email = $1)
order by customer_id;

-- name: customers_by_cnpj
select * from crm.customer_cards where cnpj = $1 order by customer_id;

-- name: put_customer
-- Master data as given, contacts exactly those; the status of one already known stays.
with master as (
    insert into crm.customers (customer_id, name, cnpj, status) values ($1, $2, $3, $4)
    on conflict (customer_id) do update set name = excluded.name, cnpj = excluded.cnpj
), given as (
    select * from jsonb_to_recordset($5) as g (email text, name text, phone text, place integer)
), gone as (
    delete from crm.authorised_contacts where customer_id = $1 and email not in (select email from given)
), contract as (
    insert into crm.contracts (customer_id, number) select $1, $6 where $6::text is not null on conflict do nothing
)
insert into crm.authorised_contacts (customer_id, email, name, phone, place)
select distinct on (email) $1, email, name, phone, place from given order by email, place
on conflict (customer_id, email) do update
set name = excluded.name, phone = excluded.phone, place = excluded.place;

-- ---------------------------------------------------------------------------------------- originals

-- name: keep_original
insert into crm.originals (sha256, raw, kept_at) values ($1, $2, $3) on conflict do nothing;

-- name: original
select raw from crm.originals where sha256 = $1;

-- ---------------------------------------------------------------------------------------- for people

-- name: case_by_protocol
select case_id, customer_id, workflow_id, protocol, stage, opened_at, outcome, ended_at
from crm.cases where protocol = $1;

-- name: case_by_id
select case_id, customer_id, workflow_id, protocol, stage, opened_at, outcome, ended_at
from crm.cases where case_id = $1;

-- name: list_cases
select case_id, customer_id, workflow_id, protocol, stage, opened_at, outcome, ended_at
from crm.cases
where ($1::text is null or customer_id = $1) and (not $2 or ended_at is null)
order by opened_at desc, case_id
limit $3;

-- name: chained_trail
select encode(salt, 'hex') as salt, encode(commitment, 'hex') as commitment, encode(hash, 'hex') as hash, seq, at, actor, kind, detail, message_id, problems
from crm.trail where case_id = $1 order by seq;

-- name: trail_head
select encode(trail_head, 'hex') from crm.cases where case_id = $1;

-- name: tasks
select t.*, c.customer_id
from crm.tasks t join crm.cases c using (case_id)
where ($1::text is null or case_id = $1) and ($2::text is null or customer_id = $2)
    and (not $3 or closed_at is null)
order by due_on nulls first, ordered_at, key;

-- name: keep_mail_decisions
-- Labels for the reader, each once.
insert into crm.mail_decisions
    (message_id, original_sha256, case_id, customer_id, is_request, reason, decided_by, decided_at)
select message_id, original_sha256, case_id, customer_id, is_request, reason, decided_by, decided_at
from jsonb_to_recordset($1) as d (message_id text, original_sha256 text, case_id text, customer_id text,
    is_request boolean, reason text, decided_by text, decided_at timestamptz)
on conflict do nothing;

-- name: correct_contact
-- Once: then there is nobody at the wrong address any more.
update crm.authorised_contacts set email = $3
where customer_id = $1 and email = $2
    and not exists (select from crm.authorised_contacts where customer_id = $1 and email = $3);
