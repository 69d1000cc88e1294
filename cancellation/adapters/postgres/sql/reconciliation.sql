-- Queries of reconciliation (X11).

-- ---------------------------------------------------------------------------------------- executions

-- name: note_executions
-- Each with the length of its case's trail in the CRM, as it is before anybody asks the execution.
insert into reconciliation.executions
    (workflow_id, run_id, workflow_type, started_at, seen_at, wedged, held_trail)
select e.workflow_id, e.run_id, e.workflow_type, e.started_at, $2, e.wedged,
    (select c.trail_seq from crm.cases c where c.workflow_id = e.workflow_id and c.ended_at is null
        and c.customer_id = substr(e.workflow_id, length('cancellation-') + 1))
from (
    select distinct on (workflow_id) * from jsonb_to_recordset($1) as e (
        workflow_id text, run_id text, workflow_type text, started_at timestamptz, wedged boolean)
    order by workflow_id, started_at desc
) as e
on conflict (workflow_id) do update
set run_id = excluded.run_id, workflow_type = excluded.workflow_type, started_at = excluded.started_at,
    seen_at = excluded.seen_at, wedged = excluded.wedged, held_trail = excluded.held_trail, stage = null,
    notice_ends_at = null, trail_entries = null, trail_recorded = null, owes_crm = false;

-- name: note_answers
update reconciliation.executions held
set stage = e.stage, notice_ends_at = e.notice_ends_at, trail_entries = e.trail_entries,
    trail_recorded = e.trail_recorded, owes_crm = e.owes_crm
from jsonb_to_recordset($1) as e (
    workflow_id text, stage text, notice_ends_at timestamptz, trail_entries integer, trail_recorded integer,
    owes_crm boolean)
where held.workflow_id = e.workflow_id;

-- name: all_executions_noted
insert into reconciliation.runs (run_at, executions_at) values ($1, clock_timestamp()) on conflict do nothing;

-- name: are_executions_noted
select exists (select from reconciliation.runs where run_at = $1);

-- ---------------------------------------------------------------------------------------- findings

-- name: keep
-- Each once; one that was gone and is back is new, and is told again.
insert into reconciliation.findings as held
    (rule, subject, customer_id, case_id, protocol, crm, other, first_seen, last_seen)
select rule, subject, customer_id, case_id, protocol, coalesce(crm, '{}'), coalesce(other, '{}'), $2, $2
from jsonb_to_recordset($1) as f (
    rule text, subject text, customer_id text, case_id text, protocol text, crm jsonb, other jsonb)
on conflict (rule, subject) do update
set customer_id = excluded.customer_id, case_id = excluded.case_id, protocol = excluded.protocol, crm = excluded.crm,
    other = excluded.other, last_seen = excluded.last_seen,
    first_seen = case when held.resolved_at is null then held.first_seen else excluded.first_seen end,
    told_at = case when held.resolved_at is null then held.told_at end,
    resolved_at = null
where held.last_seen < excluded.last_seen;

-- name: settle
update reconciliation.findings set resolved_at = $2 where rule = $1 and last_seen < $2 and resolved_at is null;

-- name: open_findings
-- $3: only of cases that ended so, and because of which nothing was undone; null: all.
select f.rule, f.subject, f.customer_id, f.case_id, f.protocol, f.crm, f.other, f.first_seen, f.last_seen, f.resolved_at,
    f.told_at, k.name as company, r.repair, r.at as repaired_at
from reconciliation.findings f
left join crm.customers k on k.customer_id = f.customer_id
left join lateral (
    select repair, at from reconciliation.repairs r
    where r.rule = f.rule and r.subject = f.subject and r.run_at >= f.first_seen
    order by r.run_at desc limit 1
) r on true
where f.resolved_at is null and f.rule = any($1) and (f.told_at is null or not $2)
    and ($3::text[] is null or (r.repair is null and f.case_id is not null and f.crm ->> 'state' = any($3)))
order by f.rule, f.first_seen, f.subject
limit $4;

-- name: last_run
select max(run_at) from reconciliation.runs;

-- name: counts
select rule, count(*) as count from reconciliation.findings
where resolved_at is null and (told_at is null or not $1)
group by rule;

-- name: tell
update reconciliation.findings set told_at = $2
where rule = any($1) and told_at is null and resolved_at is null and first_seen <= $2;

-- name: note_repair
insert into reconciliation.repairs (rule, subject, run_at, repair, case_id, at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing;
