-- Customers with nothing wrong, in every stage, and the executions of a run that begins at :now (X11).

create temporary table world on commit drop as
select i, 'c' || i as customer, 'case-' || i as case_id, 'cancellation-c' || i as workflow,
    (array['retention', 'awaiting_formalization', 'notice', 'closing', 'closed', 'retained', 'withdrawn', 'lapsed',
           'discarded', 'none'])[1 + i % 10] as stage,
    (array['Em retenção', 'Aguardando formalização', 'Cancelamento em andamento', 'Cancelamento em andamento',
           'Cancelado', 'Ativo', 'Ativo', 'Ativo', 'Ativo', 'Ativo'])[1 + i % 10] as status,
    (array[3, 10, 20, 40, 90, 10, 25, 60, 5, 0])[1 + i % 10] as age,       -- days since it opened
    (array[null, null, 10, 31, 80, null, 20])[1 + i % 10] as formal,      -- days since the formalization
    (array[null, null, null, null, 49, 2, 1, 30, 1])[1 + i % 10] as ended -- days since the end
from generate_series(:first, :last) i;

insert into crm.customers (customer_id, name, status, status_at)
select customer, 'Empresa ' || i, status, :now - interval '1 day' from world;

insert into crm.cases (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at, outcome,
    ended_at, trail_seq)
select case_id, customer, workflow, 'CAN-' || i, stage, :now - age * interval '1 day', '{"channel": "phone"}',
    :now - coalesce(ended, 1) * interval '1 day', case when ended is not null then stage end,
    :now - ended * interval '1 day', 12
from world where stage <> 'none';

insert into crm.formalizations (case_id, customer_id, message_id, sender, recipients, received_at, subject,
    explicit_request, reason, authentication, mails, required_mailboxes, notice_days, clause, starts_at, received_on,
    last_day, end_offset_minutes, notice_ends_at, in_force, revoked_at)
select case_id, customer, '<' || i || '@c>', 'a@c', '{x@y}', at, '', true, 'preço', 'pass',
    jsonb_build_array(jsonb_build_object('authentication', 'pass', 'received_at', at,
        'original_sha256', encode(sha256(convert_to('mail ' || i, 'UTF8')), 'hex'))),
    '{x@y}', 30, '8.2', at, at::date, at::date + 30, -180,
    (at::date + 31)::timestamp at time zone 'UTC' + interval '3 hours', stage <> 'withdrawn',
    case when stage = 'withdrawn' then :now - ended * interval '1 day' end
from world, lateral (select :now - formal * interval '1 day' as at) received
where formal is not null;

insert into crm.originals (sha256, raw, kept_at)
select encode(sha256(raw), 'hex'), raw, :now - formal * interval '1 day'
from world, lateral (select convert_to('mail ' || i, 'UTF8') as raw) mail where formal is not null;

insert into inbox.messages (id, sha256, message_id, content_sha256, reported_as, received_at, envelope, source,
    registered_at, action, fate, customer_id, why, handled_at)
select 'mail-' || i, sha256, '<' || i || '@c>', sha256, '<' || i || '@c>', at, '{x@y}', 'smtp', at, 'accept', 'reported',
    customer, '[]', at
from world, lateral (
    select encode(sha256(convert_to('mail ' || i, 'UTF8')), 'hex') as sha256, :now - formal * interval '1 day' as at) mail
where formal is not null;

insert into crm.tasks (case_id, key, team, title, text, due_on, ordered_at, closed_at)
select f.case_id, 'd30', 'support', 'Término do aviso prévio', '', f.last_day, f.received_at, c.ended_at
from crm.formalizations f join crm.cases c using (case_id) join world using (case_id);

insert into billing.end_plans (case_id, customer_id, last_day, planned_at, state)
select f.case_id, f.customer_id, f.last_day, f.received_at,
    case c.stage when 'withdrawn' then 'lifted' when 'closed' then 'settled' else 'planned' end
from crm.formalizations f join crm.cases c using (case_id) join world using (case_id);

insert into recordings.links (link_id, case_id, customer_id, ordinal, archive_path, download_name, files, size, sha256,
    token_hash, made_at, expires_at, revoked_at)
select 'link-' || i, case_id, customer, 1, 'x', 'x.zip', 1, 1, repeat('ab', 32),
    encode(sha256(convert_to('token ' || i, 'UTF8')), 'hex'), f.received_at, f.notice_ends_at,
    case when c.ended_at is not null then c.ended_at end
from world join crm.formalizations f using (case_id) join crm.cases c using (case_id);

insert into notification.outbox (key, case_id, kind, audience, message_id, subject, content, content_is_whole,
    written_at, status, attempts, last_attempt_at, settled_at)
select case_id || ':script:customer:', case_id, 'script', 'customer', '<l' || i || '@n>', 'Roteiro', '', true,
    :now - interval '1 day', 'sent', 1, :now - interval '1 day', :now - interval '1 day'
from world where stage <> 'none';

insert into telephony.numbers (customer_id, number, customer_owned, deactivated_at, released_at, warrant_case,
    warrant_notice_ends_at)
select w.customer, '+5511' || (30000000 + i), true, gone, gone, case when gone is not null then case_id end,
    case when gone is not null then f.notice_ends_at end
from world w left join crm.formalizations f using (case_id),
    lateral (select case when w.stage = 'closed' then f.notice_ends_at end as gone) released;

insert into telephony.portability (case_id, customer_id, number, status, at)
select case_id, customer, '+5511' || (30000000 + i), 'requested', :now - interval '5 days'
from world where stage = 'closing';

insert into crm.destructive_acts (case_id, customer_id, act, ordered_at, warrant_notice_ends_at)
select case_id, f.customer_id, 'telephony.release', f.notice_ends_at, f.notice_ends_at
from crm.formalizations f join world using (case_id) where stage in ('closing', 'closed');

insert into reconciliation.executions (workflow_id, run_id, workflow_type, started_at, seen_at, wedged, held_trail, stage,
    notice_ends_at, trail_entries, trail_recorded)
select workflow, 'run-' || i, 'Cancellation', :now - age * interval '1 day', :now, false, 12, w.stage, f.notice_ends_at, 13, 12
from world w left join crm.formalizations f using (case_id)
where w.stage in ('retention', 'awaiting_formalization', 'notice', 'closing');

insert into reconciliation.runs (run_at, executions_at) values (:now, :now) on conflict do nothing;
