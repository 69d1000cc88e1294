-- Queries of the ledger of acts ordered of an outside telephony platform, in our own database.

-- name: order_things
insert into telephony.platform_acts
    (case_id, customer_id, act, kind, platform_id, ordered_at, warrant_notice_ends_at)
select $1, $2, $3, one.kind, one.platform_id, $4, $5
from unnest($6::text[], $7::text[]) as one (kind, platform_id)
on conflict do nothing;

-- name: unfinished_things
select kind, platform_id from telephony.platform_acts where case_id = $1 and act = $2 and done_at is null;

-- name: things_released_from_customer
select kind, platform_id from telephony.platform_acts where customer_id = $1 and act = 'release';

-- name: things_done
-- What was noted before keeps its instant.
update telephony.platform_acts held set done_at = greatest($3, held.ordered_at)
from unnest($4::text[], $5::text[]) as one (kind, platform_id)
where held.case_id = $1 and held.act = $2 and held.kind = one.kind and held.platform_id = one.platform_id
    and held.done_at is null;

-- name: released_by
select count(*) filter (where kind = 'extension') as extensions,
    count(*) filter (where kind = 'trunk') as trunks,
    count(*) filter (where kind = 'number') as numbers
from telephony.platform_acts where case_id = $1 and act = 'release' and done_at is not null;

-- name: knows_number
select exists (
    select from telephony.platform_acts where customer_id = $1 and kind = 'number' and platform_id = $2);
