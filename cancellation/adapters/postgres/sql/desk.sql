-- Queries of the desk (X24) and of the figures (X26). They read; what they write is in the last parts.

-- ---------------------------------------------------------------------------------------- cases

-- name: cases
-- $1 words, as a pattern; $2 the same, digits and capital letters only, or null; $3 stage; $4 assigned to;
-- $5 attention; $6 open only; $7 offset; $8 most.
with troubled as materialized (
    select distinct case_id from crm.tasks
    where closed_at is null and (key like 'attention:%' or key like 'undelivered:%' or key = 'silence')
    union
    -- The point of no return waits for people.
    select case_id from crm.tasks join crm.cases using (case_id)
    where closed_at is null and (key like 'mail:%' or key = 'confirm_notice') and stage = 'closing'
), found as (
    select c.case_id, c.ended_at is not null as has_ended, count(*) over () as total,
        a.case_id is not null as attention, coalesce(s.at, c.opened_at) as since
    from crm.cases c
    left join crm.customers k using (customer_id)
    left join troubled a on a.case_id = c.case_id
    left join crm.stage_changes s on s.case_id = c.case_id and s.stage = c.stage
    where (not $6 or c.ended_at is null)
        and ($3::text is null or c.stage = $3)
        and ($1::text is null or k.name ilike $1 or c.protocol ilike $1 or c.customer_id ilike $1
            or ($2::text is not null and (k.cnpj like $2 || '%' or c.customer_id in (
                select n.customer_id from telephony.numbers n where n.number like '%' || $2 || '%'))))
        and ($4::text is null or $4 = (
            select nullif(a.subject, '') from crm.desk_acts a
            where a.case_id = c.case_id and a.kind = 'assigned' order by a.seq desc limit 1))
        and (not $5 or a.case_id is not null)
    order by has_ended, attention desc, since, c.case_id
    offset $7 limit $8
)
select f.*, c.customer_id, c.protocol, c.stage, c.opened_at, c.request, k.name as company,
    r.reason_category as reason, n.last_day,
    (select jsonb_build_object('name', a.name, 'email', a.email, 'phone', a.phone) from crm.authorised_contacts a
     where a.customer_id = c.customer_id order by a.place limit 1) as contact,
    (select nullif(a.subject, '') from crm.desk_acts a
     where a.case_id = f.case_id and a.kind = 'assigned' order by a.seq desc limit 1) as assigned_to,
    (select count(*) from crm.tasks t where t.case_id = f.case_id and t.closed_at is null) as tasks
from found f
join crm.cases c using (case_id)
left join crm.customers k using (customer_id)
left join crm.retention r using (case_id)
left join crm.formalizations n on n.case_id = f.case_id and n.in_force
order by f.has_ended, f.attention desc, f.since, f.case_id;

-- name: in_list
-- What a list of cases says beside what Temporal's own list tells.
select c.protocol, k.name as company, coalesce(s.at, c.opened_at) as since
from crm.cases c
left join crm.customers k using (customer_id)
left join crm.stage_changes s on s.case_id = c.case_id and s.stage = c.stage
where c.protocol = any($1);

-- name: open_by_stage
select stage, count(*) as count from crm.cases where ended_at is null group by stage;

-- name: dossier
select c.case_id, c.customer_id, c.workflow_id, c.protocol, c.stage, c.opened_at, c.outcome, c.ended_at, c.request,
    coalesce(s.at, c.changed_at) as since,
    r.reason_category, r.reason_text, r.decided_by, r.decided_at,
    (select nullif(a.subject, '') from crm.desk_acts a
     where a.case_id = c.case_id and a.kind = 'assigned' order by a.seq desc limit 1) as assigned_to
from crm.cases c
left join crm.stage_changes s on s.case_id = c.case_id and s.stage = c.stage
left join crm.retention r on r.case_id = c.case_id
where c.protocol = upper($1) or c.case_id = $1;

-- name: offers
select offer_id, kind, description, status, actor, at from crm.offers where case_id = $1 order by at, offer_id;

-- name: letters
select message_id, kind, audience, subject, written_at, last_error as problem,
    case when status = 'sent'
        and exists (select from notification.recipients r where r.key = o.key and r.status = 'refused')
        then 'partly' else status end as status
from notification.outbox o where case_id = $1 order by written_at, key;

-- name: letter
select content from notification.outbox where message_id = $1;

-- name: acts
select act_id, case_id, at, actor, kind, subject, words from crm.desk_acts where case_id = $1 order by seq;

-- name: trail
-- What happened in the case, and after it what the billing watch did (X10).
select seq, at, actor, kind, detail, message_id, problems from crm.trail where case_id = $1
union all
select c.trail_seq + a.seq, a.at, a.actor, 'watch_' || a.kind, a.detail, null, '[]'
from crm.watch_acts a join crm.cases c using (case_id) where case_id = $1
order by seq;

-- ---------------------------------------------------------------------------------------- customers

-- name: account
select k.*, runs.monthly, runs.plan, (
        select min(s.started_on) from billing.subscriptions s where s.customer_id = k.customer_id) as since,
    coalesce((
        select jsonb_agg(to_jsonb(c) order by c.opened_at desc, c.case_id)
        from (
            select case_id, customer_id, workflow_id, protocol, stage, opened_at, outcome, ended_at
            from crm.cases where customer_id = $1 order by opened_at desc, case_id limit 50
        ) as c), '[]') as earlier
from crm.customer_cards k, (
    select coalesce(sum(s.monthly) filter (where s.monthly between -10000000 and 10000000), 0) as monthly,
        coalesce(array_agg(s.description order by s.monthly desc, s.subscription_id), '{}') as plan
    from billing.subscriptions s where s.customer_id = $1 and least(s.ended_on, s.stopped_on) is null
) as runs
where k.customer_id = $1;

-- ---------------------------------------------------------------------------------------- tasks and e-mails

-- name: tasks
-- $1 team; $2 open only; $3 case; $4 offset; $5 most. Of all cases, those about e-mails stand in the list of e-mails.
with page as (
    select * from crm.tasks t
    where ($1::text is null or t.team = $1) and (not $2 or t.closed_at is null)
        and case when $3::text is null
            then t.closed_at is not null or not (t.key like 'mail:%' or t.key = 'confirm_notice')
            else t.case_id = $3 end
    order by (t.closed_at is not null), t.due_on nulls first, t.ordered_at, t.case_id, t.key
    offset $4 limit $5
)
select t.case_id, c.protocol, c.customer_id, k.name as company, t.key, t.team, t.title, t.text, t.due_on, t.ordered_at,
    t.closed_at, a.actor as closed_by, a.words as word
from page t
join crm.cases c using (case_id)
left join crm.customers k using (customer_id)
left join lateral (
    select actor, words from crm.desk_acts a
    where t.closed_at is not null and a.case_id = t.case_id and a.kind = 'task_closed' and a.subject = t.key
        and t.closed_at <= greatest(a.at, t.ordered_at)
    order by a.seq desc limit 1) a on true
order by (t.closed_at is not null), t.due_on nulls first, t.ordered_at, t.case_id, t.key;

-- name: mails
-- Those of no case, and those of cases: what a notice rests on stands with the formalization.
(select t.sha256, t.title, null as protocol, k.name as company, t.opened_at as since
from crm.mail_tasks t left join crm.customers k using (customer_id)
where t.closed_at is null)
union all
(select coalesce(f.original_sha256,
        (select m.sha256 from inbox.messages m where m.reported_as = substr(t.key, 6) order by m.seq limit 1)),
    t.title, c.protocol, k.name, t.ordered_at
from crm.tasks t
join crm.cases c using (case_id)
left join crm.customers k using (customer_id)
left join crm.formalizations f on f.case_id = t.case_id and t.key = 'confirm_notice'
where t.closed_at is null and (t.key like 'mail:%' or t.key = 'confirm_notice'))
order by since, protocol nulls first, sha256
limit $1;

-- name: why
select why from inbox.messages where sha256 = $1 and why is not null order by seq limit 1;

-- name: waiting_for_mail
-- $1 Message-ID, as it was reported; $2 the case whose notice rests on it.
select t.case_id, c.protocol, c.customer_id, k.name as company, t.key, t.team, t.title, t.text, t.due_on, t.ordered_at,
    t.closed_at, null as closed_by, null as word
from crm.tasks t
join crm.cases c using (case_id)
left join crm.customers k using (customer_id)
where t.closed_at is null and (
    t.key = left('mail:' || $1, 300) or t.key = 'confirm_notice' and t.case_id = $2)
order by t.ordered_at, t.case_id, t.key;

-- name: notice_of_mail
-- The open case whose notice rests on an e-mail; $1 original, $2 Message-ID.
select f.case_id from crm.formalizations f join crm.cases c using (case_id)
where f.in_force and c.ended_at is null and (
    f.mails @> jsonb_build_array(jsonb_build_object('original_sha256', $1::text))
    or f.mails @> jsonb_build_array(jsonb_build_object('message_id', $2::text)))
limit 1;

-- name: decision_on_mail
-- What a person said last; $1 original, $2 Message-ID.
select message_id, original_sha256, case_id, customer_id, is_request, reason, decided_by, decided_at
from crm.mail_decisions where original_sha256 = $1 or message_id = $2
order by decided_at desc limit 1;

-- name: original
select raw from crm.originals where sha256 = $1;

-- name: original_of
select sha256 from inbox.messages where reported_as = $1 order by seq limit 1;

-- ---------------------------------------------------------------------------------------- figures

-- name: figures
select c.case_id, c.protocol, k.name as company, c.channel, c.opened_at, c.ended_at, c.outcome,
    r.reason_category as reason, r.outcome as decision, r.decided_by, r.decided_at,
    coalesce(o.kinds, '{}') as offers, coalesce(o.accepted, '{}') as accepted,
    -- A case whose formalization was there already has never waited for it.
    coalesce(s.declined_at, case when r.outcome = 'declined' then r.decided_at end) as declined_at,
    s.notice_at, s.closing_at,
    coalesce((
        select sum(b.monthly) from billing.subscriptions b
        where b.customer_id = c.customer_id and b.monthly between 0 and 10000000
            and b.started_on <= (c.opened_at at time zone 'UTC')::date
            and coalesce(least(b.ended_on, b.stopped_on), 'infinity')
                >= (c.opened_at at time zone 'UTC')::date), 0) as monthly,
    case when c.ended_at is not null then (
        select min(n.opened_at) from crm.cases n
        where n.customer_id = c.customer_id and n.opened_at >= c.ended_at and n.case_id <> c.case_id) end as back_at
from crm.cases c
left join crm.customers k using (customer_id)
left join crm.retention r using (case_id)
left join lateral (
    select array_agg(distinct kind order by kind) as kinds,
        array_agg(distinct kind order by kind) filter (where status = 'accepted') as accepted
    from crm.offers where case_id = c.case_id) o on true
left join lateral (
    select min(at) filter (where stage = 'awaiting_formalization') as declined_at,
        min(at) filter (where stage = 'notice') as notice_at, min(at) filter (where stage = 'closing') as closing_at
    from crm.stage_changes where case_id = c.case_id) s on true
where c.opened_at >= $1 and c.opened_at < $2
order by c.opened_at, c.case_id;

-- name: mail_figures
select
    (select count(distinct reported_as) from inbox.messages m
     where m.received_at >= $1 and m.received_at < $2) as arrived,
    (select count(*) from crm.mail_tasks t where t.opened_at >= $1 and t.opened_at < $2)
        + (select count(*) from crm.tasks t
           left join lateral (
               select min(received_at) as at from inbox.messages where reported_as = substr(t.key, 6)) m on true
           -- A case orders a task anew, such as when it ends: the e-mail came when it came.
           where t.key like 'mail:%' and coalesce(m.at, t.ordered_at) >= $1
               and coalesce(m.at, t.ordered_at) < $2) as left_to_a_person;

-- name: mails_arrived
-- What the first figure counts: of copies the first that was handled says what became of them.
select m.sha256, null as title, m.fate, null as protocol, k.name as company, m.received_at as at, null as settled_at
from (
    select distinct on (reported_as) sha256, fate, customer_id, received_at, seq
    from inbox.messages where received_at >= $1 and received_at < $2
    order by reported_as, handled_at nulls last, seq
) m left join crm.customers k using (customer_id)
order by m.received_at, m.seq
limit $3;

-- name: mails_left
-- What the second figure counts.
select t.sha256, t.title, null as fate, null as protocol, k.name as company, t.opened_at as at, t.closed_at as settled_at
from crm.mail_tasks t left join crm.customers k using (customer_id)
where t.opened_at >= $1 and t.opened_at < $2
union all
select m.sha256, t.title, null, c.protocol, k.name, coalesce(m.at, t.ordered_at), t.closed_at
from crm.tasks t
join crm.cases c using (case_id)
left join crm.customers k using (customer_id)
left join lateral (
    select (array_agg(sha256 order by seq))[1] as sha256, min(received_at) as at
    from inbox.messages where reported_as = substr(t.key, 6)) m on true
where t.key like 'mail:%' and coalesce(m.at, t.ordered_at) >= $1 and coalesce(m.at, t.ordered_at) < $2
order by at, protocol nulls first, sha256
limit $3;

-- ---------------------------------------------------------------------------------------- what people note

-- name: note
insert into crm.desk_acts (act_id, case_id, at, actor, kind, subject, words) values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing
returning true;

-- name: close_task
-- Never before it was ordered: a case's clock may run ahead.
update crm.tasks set closed_at = greatest(ordered_at, $3) where case_id = $1 and key = $2 and closed_at is null
returning true;

-- ---------------------------------------------------------------------------------------- sessions

-- name: start_session
with ended as (delete from desk.sessions where ends_at < $3)
insert into desk.sessions (token_hash, login, started_at, seen_at, ends_at) values ($1, $2, $3, $3, $4);

-- name: login_of
update desk.sessions set seen_at = $2 where token_hash = $1 and ends_at > $2 and seen_at >= $3 returning login;

-- name: end_session
delete from desk.sessions where token_hash = $1;

-- name: end_sessions_of
delete from desk.sessions where login = $1;
