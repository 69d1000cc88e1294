-- Queries of the embedded billing system.

-- name: lock_customer
-- One writer a customer: the monthly run and a closing case never interleave.
select pg_advisory_xact_lock(hashtextextended('billing:' || $1, 0));

-- ---------------------------------------------------------------------------------------- the notice

-- name: plan_end
-- A lifted plan stays lifted. Answers the account, as `account` does: the notice's first letter tells the end in figures.
with planned as (
    insert into billing.end_plans (case_id, customer_id, last_day, planned_at) values ($1, $2, $3, $4)
    on conflict (case_id) do update set last_day = excluded.last_day, planned_at = excluded.planned_at
    where end_plans.state = 'planned'
)
select * from billing.accounts where customer_id = $2
order by subscription_id, first_day, charge_id, credit_first_day;

-- name: lift_end
-- Also of a plan that is still on its way.
insert into billing.end_plans (case_id, state) values ($1, 'lifted')
on conflict (case_id) do update set state = 'lifted' where end_plans.state = 'planned';

-- name: planned_end
select min(last_day) from billing.end_plans where customer_id = $1 and state = 'planned';

-- name: customers_of_days
select distinct customer_id from billing.subscriptions
where started_on <= $2 and (ended_on is null or ended_on >= $1) and (stopped_on is null or stopped_on >= $1)
order by customer_id;

-- name: add_charges
-- Open ones, each once.
insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status)
select charge_id, subscription_id, first_day, last_day, amount, 'open'
from jsonb_to_recordset($1) as new (
    charge_id text, subscription_id text, first_day date, last_day date, amount numeric)
on conflict (charge_id) do nothing;

-- ---------------------------------------------------------------------------------------- closing

-- name: account
select * from billing.accounts where customer_id = $1
order by subscription_id, first_day, charge_id, credit_first_day;

-- name: issued_invoice
-- One row a line; an invoice without lines has one.
select i.customer_id, i.last_day as invoice_last_day, i.due_on,
    l.subscription_id, l.description, l.first_day, l.last_day, l.days, l.period_days, l.amount
from billing.invoices i left join billing.invoice_lines l using (invoice_id)
where i.case_id = $1
order by l.position;

-- name: void
-- Open charges of days that are not due: those whose days all lie after the end, and those that reach over it.
update billing.charges
set status = 'void', void_reason = case when charge_id = any($3) then 'after_end' else 'replaced' end,
    void_case = $1, voided_at = $2
where (charge_id = any($3) or charge_id = any($4)) and status = 'open';

-- name: issue_invoice
-- With a charge behind every line: a pro rata line makes its own, a whole charge is taken.
with invoice as (
    insert into billing.invoices
        (invoice_id, case_id, customer_id, last_day, issued_at, total, warrant_notice_ends_at, due_on)
    values ($1, $2, $3, $4, $5, $6, $7, $9)
), lines as (
    select * from jsonb_to_recordset($8) as line (
        position integer, subscription_id text, charge_id text, kind text, description text, first_day date,
        last_day date, days integer, period_days integer, amount numeric)
), made as (
    insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status, invoice_id)
    select charge_id, subscription_id, first_day, last_day, amount, 'invoiced', $1 from lines where kind = 'pro_rata'
    on conflict (charge_id) do nothing
), taken as (
    update billing.charges c set status = 'invoiced', invoice_id = $1
    from lines l where l.kind = 'charge' and c.charge_id = l.charge_id
)
insert into billing.invoice_lines
    (invoice_id, position, subscription_id, charge_id, kind, description, first_day, last_day, days, period_days,
     amount)
select $1, position, subscription_id, charge_id, kind, description, first_day, last_day, days, period_days, amount
from lines;

-- name: stop
-- Every subscription that would go on after the last day; the notice's plan is settled. Answers how many charges the
-- case has voided because all their days lie after the end.
with stopped as (
    update billing.subscriptions
    set stopped_on = $2, stopped_at = $3, warrant_case = $4, warrant_notice_ends_at = $5
    where customer_id = $1 and stopped_on is null and (ended_on is null or ended_on > $2)
), settled as (
    update billing.end_plans set state = 'settled' where case_id = $4 and state = 'planned'
)
select count(*) from billing.charges where void_case = $4 and status = 'void' and void_reason = 'after_end';

-- name: doubtful
-- Subscriptions, and charges that closing has to do with, without an amount from 0 to $3: NaN and infinity are above
-- every number here. The same however often closing runs.
select s.subscription_id, s.description, null as charge_id, null::date as first_day, null::date as last_day
from billing.subscriptions s
where s.customer_id = $1 and not s.monthly between 0 and $3
union all
select c.subscription_id, s.description, c.charge_id, c.first_day, c.last_day
from billing.charges c join billing.subscriptions s using (subscription_id)
where s.customer_id = $1 and c.first_day <= $2 and (c.status <> 'void' or c.void_case = $4)
    and not c.amount between 0 and $3
order by subscription_id, first_day nulls first, charge_id;

-- name: read_back
-- Counted from the records themselves: no word of what closing computed. A day is invoiced when invoiced charges less
-- credits cover it exactly once: the days on which that number changes cut the due days into stretches.
with ends as (
    select subscription_id, greatest(started_on, billed_through + 1) as first_day,
        least(ended_on, stopped_on, $2) as last_day
    from billing.subscriptions where customer_id = $1
), due as (
    select subscription_id, first_day, last_day from ends where first_day <= last_day
), billed as (
    select c.subscription_id, c.first_day, c.last_day, 1 as times
    from billing.charges c join due using (subscription_id) where c.status = 'invoiced'
    union all
    select l.subscription_id, l.first_day, l.last_day, -1
    from billing.invoice_lines l join due using (subscription_id) where l.kind = 'credit'
), changes as (
    select subscription_id, first_day as day, times from billed
    union all select subscription_id, last_day + 1, -times from billed
    union all select subscription_id, first_day, 0 from due
    union all select subscription_id, last_day + 1, 0 from due
), stretches as (
    select subscription_id, day, lead(day) over by_day - day as days, sum(times) over by_day as times
    from changes
    window by_day as (partition by subscription_id order by day)
)
select
    array(
        select subscription_id from billing.subscriptions
        where customer_id = $1 and (stopped_on is null or stopped_on > $2) and (ended_on is null or ended_on > $2)
        order by subscription_id) as recurring_active,
    array(
        select c.charge_id from billing.charges c join ends e using (subscription_id)
        where c.status <> 'void' and c.last_day > e.last_day
            and exists (
                select from generate_series(0, c.last_day - c.first_day) n
                where c.first_day + n > e.last_day
                    and not exists (
                        select from billing.invoice_lines l
                        where l.charge_id = c.charge_id and l.kind = 'credit'
                            and c.first_day + n between l.first_day and l.last_day))
        order by c.charge_id) as charges_after_end,
    (select coalesce(sum(last_day - first_day + 1), 0) from due) as days_due,
    (select coalesce(sum(s.days), 0) from stretches s join due d using (subscription_id)
     where s.times = 1 and s.day between d.first_day and d.last_day) as days_invoiced;

-- ---------------------------------------------------------------------------------------- after closing

-- name: undue
-- Of what was stopped until then, or began until then: a contract that was signed afterwards is none of it.
select c.charge_id, c.subscription_id, c.first_day, c.last_day, c.amount, c.status = 'invoiced' as invoiced,
    case when r.paid_on is not null then 'yes' when c.status = 'open' or r.charge_id is not null then 'no' else 'unknown' end
        as paid,
    r.paid as paid_amount, d.document_id, d.issued_at
from billing.charges c
join billing.subscriptions s using (subscription_id)
left join billing.receivables r using (charge_id)
left join billing.fiscal_documents d on d.charge_id = c.charge_id and d.status = 'authorised'
where s.customer_id = $1 and c.status <> 'void' and c.last_day > $2
    and (s.stopped_on <= $2 or s.started_on <= $2)
    and exists (
        select from generate_series(0, c.last_day - c.first_day) n
        where c.first_day + n > $2
            and not exists (
                select from billing.invoice_lines l
                where l.charge_id = c.charge_id and l.kind = 'credit'
                    and c.first_day + n between l.first_day and l.last_day))
order by c.first_day, c.charge_id;

-- name: void_undue
-- One with a fiscal document is taken back together with it.
update billing.charges c
set status = 'void', void_reason = 'undue', void_case = $1, voided_at = $2
where charge_id = any($3) and status = 'open'
    and not exists (
        select from billing.fiscal_documents d where d.charge_id = c.charge_id and d.status = 'authorised');

-- name: voided_undue
select charge_id, subscription_id, first_day, last_day, amount, false as invoiced, 'no' as paid,
    null::numeric as paid_amount, null::text as document_id, null::timestamptz as issued_at
from billing.charges
where void_case = $1 and status = 'void' and void_reason = 'undue' and voided_at = $2
order by first_day, charge_id;

-- name: take_back
-- A charge with its document, which ends as $5 says; without one where that is null.
with voided as (
    update billing.charges set status = 'void', void_reason = 'undue', void_case = $1, voided_at = $2
    where charge_id = $3 and status in ('open', 'invoiced')
    returning charge_id
), ended as (
    update billing.fiscal_documents d set status = $5::text, ended_at = $2, ended_case = $1
    from voided v where d.charge_id = v.charge_id and d.document_id = $4 and d.status = 'authorised' and $5::text is not null
)
select count(*) from voided;

-- name: aftermath
-- Beside what is undue: what the case's watch took back, what is still to be paid, and whether a new contract runs.
with taken_back as (
    select c.charge_id, c.subscription_id, c.first_day, c.last_day, c.amount::text, c.voided_at, d.document_id, d.issued_at,
        d.status
    from billing.charges c
    left join billing.fiscal_documents d on d.charge_id = c.charge_id and d.ended_case = $1
    where c.void_case = $1 and c.status = 'void' and c.void_reason = 'undue'
), debts as (
    select i.invoice_id as reference, (i.total - coalesce(r.paid, 0))::text as amount, i.due_on
    from billing.invoices i left join billing.receivables r using (invoice_id)
    where i.case_id = $1 and i.total > coalesce(r.paid, 0)
    union all
    select c.charge_id, (c.amount + coalesce(g.given, 0) - coalesce(r.paid, 0))::text, null
    from billing.charges c
    join billing.subscriptions s using (subscription_id)
    join billing.receivables r using (charge_id)
    left join lateral (
        select sum(l.amount) as given from billing.invoice_lines l where l.charge_id = c.charge_id and l.kind = 'credit'
    ) g on true
    where s.customer_id = $2 and c.status = 'invoiced' and c.first_day <= $3
        and (s.stopped_on <= $3 or s.started_on <= $3)
        and c.amount < 'infinity' and c.amount + coalesce(g.given, 0) > coalesce(r.paid, 0)
)
select
    (select jsonb_agg(to_jsonb(t) order by first_day, charge_id) from taken_back t) as taken_back,
    (select jsonb_agg(to_jsonb(d) order by reference) from debts d) as debts,
    exists (
        select from billing.subscriptions s
        where s.customer_id = $2 and s.started_on > $3 and coalesce(s.stopped_on, 'infinity') > $3
    ) as returned;

-- ---------------------------------------------------------------------------------------- seeding

-- name: provision
-- What is already there keeps its state.
with subscriptions as (
    insert into billing.subscriptions
        (subscription_id, customer_id, description, monthly, started_on, ended_on, billed_through)
    select subscription_id, $1, description, monthly, started_on, ended_on, billed_through
    from jsonb_to_recordset($2) as given (
        subscription_id text, description text, monthly numeric, started_on date, ended_on date, billed_through date)
    on conflict (subscription_id) do update set description = excluded.description, monthly = excluded.monthly
)
insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status)
select charge_id, subscription_id, first_day, last_day, amount, case when invoiced then 'invoiced' else 'open' end
from jsonb_to_recordset($3) as given (
    charge_id text, subscription_id text, first_day date, last_day date, amount numeric, invoiced boolean)
on conflict (charge_id) do nothing;

-- name: provision_payments
-- Money that came in later is noted; what came in stays.
insert into billing.receivables as held (charge_id, invoice_id, paid_on, paid)
select charge_id, invoice_id, paid_on, amount
from jsonb_to_recordset($1) as given (charge_id text, invoice_id text, paid_on date, amount numeric)
where charge_id is not null
on conflict (charge_id) do update set paid_on = excluded.paid_on, paid = excluded.paid where held.paid_on is null;

-- name: provision_invoice_payments
insert into billing.receivables as held (charge_id, invoice_id, paid_on, paid)
select charge_id, invoice_id, paid_on, amount
from jsonb_to_recordset($1) as given (charge_id text, invoice_id text, paid_on date, amount numeric)
where invoice_id is not null
on conflict (invoice_id) do update set paid_on = excluded.paid_on, paid = excluded.paid where held.paid_on is null;

-- name: provision_documents
insert into billing.fiscal_documents (document_id, charge_id, issued_at)
select document_id, charge_id, issued_at
from jsonb_to_recordset($1) as given (document_id text, charge_id text, issued_at timestamptz)
on conflict (document_id) do nothing;
