-- Queries of the embedded telephony inventory, and of what another platform leaves to us: licences, portability.

-- name: inventory
select
    (select jsonb_agg(jsonb_build_object(
            'kind', kind, 'resource_id', resource_id, 'label', label, 'active', status = 'active')
        order by resource_id)
     from telephony.resources where customer_id = $1 and status <> 'released') as resources,
    (select jsonb_agg(jsonb_build_object(
            'number', number, 'customer_owned', customer_owned, 'routes_to', routes_to, 'active', status = 'active',
            'port', (
                select p.status from telephony.portability p
                where p.customer_id = n.customer_id and p.number = n.number order by at desc, id desc limit 1))
        order by number)
     from telephony.numbers n where customer_id = $1 and status in ('active', 'deactivated')) as numbers;

-- name: deactivate
-- Everything but the numbers in $5 and what those of them that are in use route to.
with needed as (
    select unnest(routes_to) as resource_id from telephony.numbers
    where customer_id = $1 and number = any($5) and status = 'active'
), numbers as (
    update telephony.numbers set deactivated_at = $2, warrant_case = $3, warrant_notice_ends_at = $4
    where customer_id = $1 and status = 'active' and number <> all($5)
)
update telephony.resources set deactivated_at = $2, warrant_case = $3, warrant_notice_ends_at = $4
where customer_id = $1 and status = 'active' and resource_id not in (select resource_id from needed);

-- name: release
-- The same; what an earlier run wrote stays.
with needed as (
    select unnest(routes_to) as resource_id from telephony.numbers
    where customer_id = $1 and number = any($5) and status = 'active'
), numbers as (
    update telephony.numbers
    set deactivated_at = coalesce(deactivated_at, $2), released_at = $2, warrant_case = coalesce(warrant_case, $3),
        warrant_notice_ends_at = coalesce(warrant_notice_ends_at, $4)
    where customer_id = $1 and status in ('active', 'deactivated') and number <> all($5)
)
update telephony.resources
set deactivated_at = coalesce(deactivated_at, $2), released_at = $2, warrant_case = coalesce(warrant_case, $3),
    warrant_notice_ends_at = coalesce(warrant_notice_ends_at, $4)
where customer_id = $1 and status in ('active', 'deactivated')
    and resource_id not in (select resource_id from needed);

-- name: released_by
select
    count(*) filter (where kind = 'extension') as extensions,
    count(*) filter (where kind = 'trunk') as trunks,
    count(*) filter (where kind = 'licence') as licences,
    (select count(*) from telephony.numbers where warrant_case = $1 and status = 'released') as numbers
from telephony.resources where warrant_case = $1 and status = 'released';

-- ---------------------------------------------------------------------------------------- licences alone

-- name: licences
select kind, resource_id, label, status = 'active' as active from telephony.resources
where customer_id = $1 and kind = 'licence' and status <> 'released'
order by resource_id;

-- name: deactivate_licences
update telephony.resources set deactivated_at = $2, warrant_case = $3, warrant_notice_ends_at = $4
where customer_id = $1 and kind = 'licence' and status = 'active' and resource_id <> all($5);

-- name: release_licences
update telephony.resources
set deactivated_at = coalesce(deactivated_at, $2), released_at = $2, warrant_case = coalesce(warrant_case, $3),
    warrant_notice_ends_at = coalesce(warrant_notice_ends_at, $4)
where customer_id = $1 and kind = 'licence' and status in ('active', 'deactivated') and resource_id <> all($5);

-- ---------------------------------------------------------------------------------------- portability

-- name: append_port
-- The same report counts once.
insert into telephony.portability (case_id, customer_id, number, status, operator, at)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing;

-- name: append_own_port
-- The same, if the number is or was the customer's own; answers whether it is.
with own as (
    select exists (
        select from telephony.numbers where customer_id = $2 and number = $3 and customer_owned) as is_own
), report as (
    insert into telephony.portability (case_id, customer_id, number, status, operator, at)
    select $1, $2, $3, $4, $5, $6 from own where is_own
    on conflict do nothing
)
select is_own from own;

-- name: take_ported_number_out
update telephony.numbers n set port_id = p.id
from telephony.portability p
where p.case_id = $1 and p.number = $3 and p.status = 'completed' and p.at = $4
    and n.customer_id = $2 and n.number = $3 and n.status in ('active', 'deactivated');

-- name: latest_ports
select distinct on (number) number, status from telephony.portability
where customer_id = $1
order by number, at desc, id desc;

-- ---------------------------------------------------------------------------------------- seeding

-- name: provision_resources
-- What was ever there is left as it is.
insert into telephony.resources (customer_id, kind, resource_id, label)
select $1, kind, resource_id, label
from jsonb_to_recordset($2) as given (kind text, resource_id text, label text)
where not exists (
    select from telephony.resources known
    where known.customer_id = $1 and known.kind = given.kind and known.resource_id = given.resource_id)
on conflict do nothing;

-- name: provision_numbers
insert into telephony.numbers (customer_id, number, customer_owned, routes_to)
select $1, number, customer_owned, routes_to
from jsonb_to_recordset($2) as given (number text, customer_owned boolean, routes_to text[])
where not exists (
    select from telephony.numbers known where known.customer_id = $1 and known.number = given.number);
