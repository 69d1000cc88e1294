-- Queries of the monitor: counts and ages, never a name, an address or a text. Ages are seconds by the database's clock.

-- name: open_cases
-- By stage, with the age of the one that has stood there longest.
select c.stage, count(*) as count, extract(epoch from now() - min(coalesce(s.at, c.opened_at)))::float8 as oldest
from crm.cases c
left join crm.stage_changes s on s.case_id = c.case_id and s.stage = c.stage
where c.ended_at is null
group by c.stage;

-- name: opened
select channel, count(*) as count from crm.cases group by channel;

-- name: ended
select outcome, count(*) as count from crm.cases where ended_at is not null group by outcome;

-- name: late_ends
-- Notices that have ended, and nobody has begun to close.
select count(*) as count from crm.cases c
join crm.formalizations f on f.case_id = c.case_id and f.in_force
where c.ended_at is null and c.stage = 'notice' and f.notice_ends_at < now();

-- name: undecided_mails
-- E-mails that wait for a person, of cases and of none; since they were received.
select 'case' as of, count(*) as count, extract(epoch from now() - min(
        case when t.key = 'confirm_notice' then coalesce(f.received_at, t.ordered_at)
        else coalesce((select min(m.received_at) from inbox.messages m where m.reported_as = substr(t.key, 6)),
            t.ordered_at) end))::float8 as oldest
from crm.tasks t
left join crm.formalizations f on t.key = 'confirm_notice' and f.case_id = t.case_id and f.in_force
where t.closed_at is null and (t.key like 'mail:%' or t.key = 'confirm_notice')
union all
select 'none', count(*), extract(epoch from now() - min(opened_at))::float8
from crm.mail_tasks where closed_at is null and not quiet;

-- name: troubles
-- Pieces of work that keep failing and of which people were told (X7, X17), and cases in which nobody acts (X19).
select case when key = 'silence' then key else substr(key, 11) end as work, count(*) as count,
    extract(epoch from now() - min(ordered_at))::float8 as oldest
from crm.tasks where closed_at is null and (key like 'attention:%' or key = 'silence')
group by 1;

-- name: letters
-- Every letter, by what became of it.
select audience, status, count(*) as count from notification.outbox group by audience, status;

-- name: waiting_letters
select audience, count(*) as count, extract(epoch from now() - min(written_at))::float8 as oldest
from notification.outbox where status = 'pending' group by audience;

-- name: told_commercial
-- Seconds from a request to Commercial's first letter about it (P2): $1 bounds; how many are within each, and the sum.
with waits as (
    select greatest(extract(epoch from min(o.settled_at) - c.opened_at), 0)::float8 as seconds
    from notification.outbox o join crm.cases c using (case_id)
    where o.kind = 'request_to_commercial' and o.status = 'sent'
    group by c.case_id
)
select array_agg((select count(*) from waits where seconds <= bound) order by bound) as within,
    (select count(*) from waits) as count, (select coalesce(sum(seconds), 0) from waits) as sum
from unnest($1::float8[]) bound;

-- name: mails
-- Deliveries that were handled, by what the reader decided and what was done.
select action, fate, count(*) as count from inbox.messages where handled_at is not null group by action, fate;

-- name: unhandled_mails
select count(*) as count, extract(epoch from now() - min(registered_at))::float8 as oldest
from inbox.messages where handled_at is null;

-- name: formalizations
select kind, count(*) as count from crm.trail
where kind in ('formalization_received', 'formalization_untrusted', 'formalization_incomplete', 'formalized_early',
    'early_undone', 'formalized', 'mail_of_earlier_case')
group by kind;

-- name: watch_acts
-- What the billing watch found of customers who have left, each thing once for what was done about it first (X10).
select kind, count(*) as count from crm.watch_acts
where counted and kind in ('voided', 'repay', 'review', 'revived')
group by kind;

-- name: server
select pg_database_size(current_database()) as bytes,
    (select count(*) from pg_stat_activity where datid is not null) as connections,
    current_setting('max_connections')::integer as most_connections;

-- name: findings
-- What the records disagree about and nothing has settled yet, by rule (X11).
select rule, count(*) as count from reconciliation.findings where resolved_at is null group by rule;

-- name: reconciled
-- Seconds since a run began that has read every execution.
select extract(epoch from now() - max(run_at))::float8 from reconciliation.runs;
