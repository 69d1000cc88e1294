-- Queries of `cancelamento erase`: what may be erased, and erasing it (LGPD).

-- name: now
select clock_timestamp() as now, is_virtual from migration.clock;

-- name: erasable
-- The accesses and the texts of every case, the oldest first, then the customer; nothing for one without a case.
with of_customer as (
    select case_id, protocol, outcome, ended_at from crm.cases where customer_id = $1
), wanted as (
    select t.kind, c.case_id, c.protocol, c.outcome, c.ended_at from of_customer c, migration.erasure_terms t
    where t.kind <> 'customer'
    union all
    select 'customer', null, null, null,
        case when bool_and(ended_at is not null) then max(ended_at) end
    from of_customer having count(*) > 0
)
select w.kind, w.case_id, w.protocol, w.outcome, w.ended_at, t.days as term_days,
    crm.erasable_at(w.kind, $1, w.case_id) as erasable_at,
    (select max(e.at) from crm.erasures e
     where e.customer_id = $1 and e.case_id is not distinct from w.case_id and e.kind = w.kind) as erased_at
from wanted w join migration.erasure_terms t using (kind)
order by w.case_id is null, w.ended_at nulls last, w.case_id, w.kind;

-- name: erase
select crm.erase($1, $2, $3, $4, $5);

-- name: executions
select distinct workflow_id from crm.cases where customer_id = $1 and case_id = any($2);
