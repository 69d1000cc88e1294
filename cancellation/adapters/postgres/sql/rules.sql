-- What disagrees, one query a rule (`cancellation.domain.findings.Rule`), of all customers at once (X11).
-- $1: what is younger is on its way; $2: when the run began. What is found is laid in pages by `disagreeing`.

-- name: case_without_execution
select c.case_id as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_build_object('state', c.stage, 'at', c.changed_at) as crm,
    jsonb_build_object('name', c.workflow_id) as other
from crm.cases c
where c.ended_at is null and c.opened_at < $1 and not exists (
    select from reconciliation.executions e where e.workflow_id = c.workflow_id and e.seen_at = $2);

-- name: execution_without_case
-- A case that has just ended in the CRM is about to end in the engine.
select e.workflow_id as subject, substr(e.workflow_id, length('cancellation-') + 1) as customer_id,
    null as case_id, null as protocol,
    '{}'::jsonb as crm,
    jsonb_build_object('name', e.workflow_id, 'state', e.stage, 'at', e.started_at) as other
from reconciliation.executions e
where e.seen_at = $2 and e.workflow_type = 'Cancellation' and e.started_at < $1 and not exists (
    select from crm.cases c
    where c.workflow_id = e.workflow_id and (c.ended_at is null or c.ended_at >= $1));

-- name: execution_wedged
select e.workflow_id as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_strip_nulls(jsonb_build_object('state', c.stage)) as crm,
    jsonb_build_object('name', e.workflow_id, 'at', e.started_at) as other
from reconciliation.executions e
left join crm.cases c on c.workflow_id = e.workflow_id and c.ended_at is null
where e.seen_at = $2 and e.wedged and e.started_at <= greatest($1, $2);

-- name: stage_differs
-- While nothing goes wrong closing tells the CRM at its end, and so does every other end.
select c.case_id as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_build_object('state', c.stage, 'at', c.changed_at) as crm,
    jsonb_build_object('name', e.workflow_id, 'state', e.stage) as other
from reconciliation.executions e
join crm.cases c on c.workflow_id = e.workflow_id and c.ended_at is null
where e.seen_at = $2 and not e.owes_crm and c.changed_at < $1 and e.stage <> c.stage
    and e.stage in ('retention', 'awaiting_formalization', 'notice', 'closing')
    and (c.stage, e.stage) <> ('notice', 'closing');

-- name: trail_behind
-- What it was told that the CRM holds, the CRM still holds.
select c.case_id as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_build_object('count', c.trail_seq) as crm,
    jsonb_build_object('name', e.workflow_id, 'count', e.trail_recorded) as other
from reconciliation.executions e
join crm.cases c on c.workflow_id = e.workflow_id and c.ended_at is null
where e.seen_at = $2 and c.trail_seq < e.trail_recorded and c.opened_at <= greatest($1, $2);

-- name: trail_ahead
-- Of what the CRM held before the execution was asked, it knows everything.
select c.case_id as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_build_object('count', c.trail_seq) as crm,
    jsonb_build_object('name', e.workflow_id, 'count', e.trail_entries) as other
from reconciliation.executions e
join crm.cases c on c.workflow_id = e.workflow_id and c.ended_at is null
where e.seen_at = $2 and e.held_trail > e.trail_entries and c.opened_at <= greatest($1, $2);

-- name: task_differs
select c.case_id as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_strip_nulls(jsonb_build_object(
        'day', t.due_on, 'state', case when t.closed_at is not null then 'closed' end, 'name', t.key)) as crm,
    jsonb_build_object('name', e.workflow_id, 'day', e.last_day, 'at', e.notice_ends_at) as other
from (
    select e.*, f.case_id,
        (e.notice_ends_at at time zone 'UTC' + f.end_offset_minutes * interval '1 minute' - interval '1 second')::date
            as last_day
    from reconciliation.executions e
    join crm.cases c on c.workflow_id = e.workflow_id and c.ended_at is null
    join crm.formalizations f on f.case_id = c.case_id and f.in_force
    where e.seen_at = $2 and e.stage = 'notice' and not e.owes_crm
) e
join crm.cases c on c.case_id = e.case_id
left join crm.tasks t on t.case_id = c.case_id and t.key = 'd30'
where c.stage = 'notice' and c.changed_at < $1
    and (t.key is null or t.closed_at is not null or t.due_on is distinct from e.last_day);

-- name: timer_missed
select e.workflow_id as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_strip_nulls(jsonb_build_object('state', c.stage, 'day', f.last_day)) as crm,
    jsonb_build_object('name', e.workflow_id, 'state', e.stage, 'at', e.notice_ends_at) as other
from reconciliation.executions e
left join crm.cases c on c.workflow_id = e.workflow_id and c.ended_at is null
left join crm.formalizations f on f.case_id = c.case_id and f.in_force
where e.seen_at = $2 and e.stage = 'notice' and e.notice_ends_at < $1;

-- name: task_left
select c.case_id || ':' || t.key as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_strip_nulls(jsonb_build_object('name', t.title, 'day', t.due_on)) as crm,
    jsonb_build_object('state', c.outcome, 'at', c.ended_at) as other
from crm.tasks t join crm.cases c using (case_id)
where t.closed_at is null and c.ended_at < $1
    and t.key in ('d30', 'formalization', 'final_billing', 'shutdown_plan', 'silence', 'confirm_notice');

-- name: status_unexplained
-- Somebody who has left and writes once more stays one who has left. Whom the CRM brought along as cancelled was never
-- anybody's case.
select u.customer_id as subject, u.customer_id, n.case_id, n.protocol,
    jsonb_strip_nulls(jsonb_build_object('state', u.status, 'at', u.status_at)) as crm,
    jsonb_strip_nulls(jsonb_build_object('state', coalesce(n.outcome, n.stage), 'at', n.changed_at)) as other
from crm.customers u
left join (
    select distinct on (customer_id) customer_id, case_id, protocol, stage, outcome, changed_at, ended_at, status_before
    from crm.cases order by customer_id, ended_at is null desc, opened_at desc
) n using (customer_id)
where coalesce(u.status_at, '-infinity') < $1 and coalesce(n.changed_at, '-infinity') < $1 and case
    when n.ended_at is null and n.case_id is not null then
        not (n.status_before = 'Cancelado' and u.status = 'Cancelado')
        and u.status <> case n.stage
            when 'retention' then 'Em retenção'
            when 'awaiting_formalization' then 'Aguardando formalização'
            when 'notice' then 'Cancelamento em andamento'
            when 'closing' then 'Cancelamento em andamento'
            else u.status end
    when u.status in ('Em retenção', 'Aguardando formalização', 'Cancelamento em andamento') then true
    when u.status = 'Cancelado' then u.status_at is not null and not exists (
        select from crm.cases c
        where c.customer_id = u.customer_id and (c.outcome = 'closed' or c.status_before = 'Cancelado'))
    else false end;

-- name: billing_end_left
select p.case_id as subject, p.customer_id, p.case_id, c.protocol,
    jsonb_strip_nulls(jsonb_build_object('state', c.outcome, 'at', c.ended_at)) as crm,
    jsonb_build_object('day', p.last_day, 'at', p.planned_at) as other
from billing.end_plans p left join crm.cases c using (case_id)
where p.state = 'planned' and p.planned_at < $1 and (c.case_id is null or c.ended_at < $1);

-- name: link_left
select l.link_id as subject, l.customer_id, l.case_id, c.protocol,
    jsonb_strip_nulls(jsonb_build_object(
        'state', coalesce(c.outcome, c.stage), 'at', coalesce(c.ended_at, f.notice_ends_at))) as crm,
    jsonb_build_object('at', l.expires_at) as other
from recordings.links l
join crm.cases c using (case_id)
left join crm.formalizations f on f.case_id = c.case_id and f.in_force
where l.revoked_at is null and l.expires_at > $2 and l.made_at < $1
    and (c.ended_at < $1 or (c.ended_at is null and l.expires_at > f.notice_ends_at))
    and not exists (select from recordings.revocations r where r.case_id = l.case_id);

-- name: export_without_case
select l.link_id as subject, l.customer_id, l.case_id, null as protocol,
    '{}'::jsonb as crm,
    jsonb_build_object('at', l.made_at, 'count', l.files) as other
from recordings.links l
where l.made_at < $1 and not exists (select from crm.cases c where c.case_id = l.case_id);

-- name: letter_not_sent
-- One that nobody tries any more was given up, or left out because it was not true any more: the case's trail says so.
select o.key as subject, c.customer_id, c.case_id, c.protocol,
    jsonb_build_object('state', o.kind, 'name', o.audience, 'at', o.written_at) as crm,
    jsonb_strip_nulls(jsonb_build_object(
        'at', o.last_attempt_at, 'count', o.attempts, 'name', left(o.last_error, 200))) as other
from notification.outbox o left join crm.cases c using (case_id)
where o.status = 'pending' and o.written_at < $1 and o.last_attempt_at > $2::timestamptz - interval '1 hour';

-- name: mail_not_handled
-- Registered and not handled; passed on and not registered; kept, and no trace of it anywhere, which is what the loss of
-- the engine's records leaves behind. An e-mail that a person gave to its case left its Message-ID in the trail.
select m.id as subject, m.customer_id, null as case_id, null as protocol,
    jsonb_build_object('name', m.sha256, 'at', m.received_at) as crm,
    jsonb_build_object('state', 'registered', 'name', m.id, 'at', m.registered_at) as other
from inbox.messages m where m.handled_at is null and m.registered_at < $1
union all
select e.workflow_id, null, null, null,
    '{}',
    jsonb_build_object('state', 'passed_on', 'name', e.workflow_id, 'at', e.started_at)
from reconciliation.executions e
where e.seen_at = $2 and e.workflow_type = 'IncomingMail' and e.started_at < $1
    and not exists (select from inbox.messages m where m.id = e.workflow_id)
union all
select 'original:' || o.sha256, null, null, null,
    jsonb_build_object('name', o.sha256, 'at', o.kept_at),
    '{}'
from crm.originals o
where o.kept_at < $1
    and not exists (select from inbox.messages m where m.sha256 = o.sha256)
    and not exists (select from crm.mail_tasks t where t.sha256 = o.sha256)
    and not exists (select from crm.mail_decisions d where d.original_sha256 = o.sha256)
    and not exists (
        select from reconciliation.executions e
        where e.seen_at = $2 and e.workflow_id like 'mail-' || left(o.sha256, 32) || '-%')
    and o.sha256 not in (
        select mail ->> 'original_sha256' from crm.formalizations f, jsonb_array_elements(f.mails) mail
        where mail ->> 'original_sha256' is not null)
    and not exists (
        select from crm.trail t
        where t.message_id = substring(encode(substring(o.raw from 1 for 16384), 'escape')
            from '(?in)^message-id:\s*(<[^>]+>)'));

-- name: mail_undecided
select t.sha256 as subject, t.customer_id, null as case_id, null as protocol,
    jsonb_build_object('name', t.title, 'at', t.opened_at) as crm,
    jsonb_build_object('name', t.sha256) as other
from crm.mail_tasks t
where t.closed_at is null and not t.quiet and t.opened_at < $1
union all
select t.case_id || ':' || t.key, c.customer_id, c.case_id, c.protocol,
    jsonb_build_object('name', t.title, 'at', t.ordered_at),
    '{}'
from crm.tasks t join crm.cases c using (case_id)
where t.closed_at is null and (t.key like 'mail:%' or t.key = 'confirm_notice') and t.ordered_at < $1;

-- name: number_without_hold
-- Of the customer's latest case, once it has ordered everything to be released: what is still in use then is a number
-- whose portability is under way.
select n.customer_id || ':' || n.number as subject, n.customer_id, c.case_id, c.protocol,
    jsonb_strip_nulls(jsonb_build_object('state', coalesce(c.outcome, c.stage), 'at', a.ordered_at)) as crm,
    jsonb_strip_nulls(jsonb_build_object('name', n.number, 'state', n.status)) as other
from crm.destructive_acts a
join crm.cases c using (case_id)
join crm.customers u on u.customer_id = a.customer_id
join telephony.numbers n on n.customer_id = a.customer_id and n.released_at is null and n.port_id is null
left join lateral (
    select p.status, p.at from telephony.portability p
    where p.case_id = c.case_id and p.number = n.number order by p.at desc, p.id desc limit 1
) port on true
where a.act = 'telephony.release' and a.ordered_at < $1
    and not exists (
        select from crm.cases later where later.customer_id = c.customer_id and later.opened_at > c.opened_at)
    and case when c.outcome = 'closed' then c.ended_at < $1 and u.status = 'Cancelado'
        else c.ended_at is null and port.status is distinct from 'requested'
            and coalesce(port.at, '-infinity') < $1 end;
