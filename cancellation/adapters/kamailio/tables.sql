-- Queries of Kamailio's own database, over its tables and over `cancelamento.parked` (parking.sql).
--
-- An account is `user@domain`. A telephone number in `dbaliases` may lack its plus there; other names are mere aliases.
-- `{location}` stands for the installation's table of registrations.

-- name: is_parking_there
select to_regclass('cancelamento.parked') is not null;

-- name: lock_parking
select pg_advisory_xact_lock($1);

-- ---------------------------------------------------------------------------------------- whose is what

-- name: domains
select domain from domain where did = $1 order by id;

-- name: extensions
with label as (select username, domain, value from usr_preferences where attribute = 'label')
select username, domain, bool_or(live) as live, coalesce(min(label.value), username) as label
from (
    select username, domain, true as live from subscriber where domain = any($1)
    union all
    select content ->> 'username', domain, false from cancelamento.parked
    where kind = 'extension' and domain = any($1)
) account
left join label using (username, domain)
group by username, domain
order by username, domain;

-- name: trunks
with label as (select username, domain, value from usr_preferences where attribute = 'label')
select username, domain, bool_or(live) as live, coalesce(min(label.value), username) as label
from (
    select split_part(tag, '@', 1) as username, split_part(tag, '@', 2) as domain, true as live
    from address where grp = $2 and split_part(tag, '@', 2) = any($1)
    union all
    select split_part(platform_id, '@', 1), domain, false from cancelamento.parked
    where kind = 'trunk' and domain = any($1)
) trunk
left join label using (username, domain)
group by username, domain
order by username, domain;

-- name: routes
-- A number that leads to itself leads nowhere yet.
select number, bool_or(live) as live, coalesce(bool_and(p.value <> '0'), true) as customer_owned,
    array_agg(distinct route.username || '@' || route.domain)
        filter (where ltrim(route.username, '+') <> ltrim(number, '+')) as targets
from (
    select '+' || ltrim(alias_username, '+') as number, username, domain, true as live from dbaliases
    where domain = any($1) and alias_username ~ '^\+?[1-9][0-9]{6,14}$'
    union all
    select platform_id, content ->> 'username', domain, false from cancelamento.parked
    where kind = 'number' and domain = any($1) and not ported
) route
left join usr_preferences p
    on p.username = number and p.domain = route.domain and p.attribute = 'customer_owned'
group by number
order by number;

-- name: registered_without_account
select distinct username, domain from {location} l
where domain = any($1) and not exists (
    select from subscriber s where s.username = l.username and s.domain = l.domain);

-- ---------------------------------------------------------------------------------------- out of use

-- name: park_extensions
with gone as (
    delete from subscriber where username || '@' || domain = any($1) returning *
)
insert into cancelamento.parked
    (table_name, row_id, kind, platform_id, domain, ported, case_id, parked_at, content)
select 'subscriber', id, 'extension', username || '@' || domain, domain, false, $2, $3, to_jsonb(gone) from gone
on conflict (table_name, row_id) do update set content = excluded.content, parked_at = excluded.parked_at;

-- name: park_aliases
with gone as (
    delete from dbaliases
    where username || '@' || domain = any($1) and not alias_username ~ '^\+?[1-9][0-9]{6,14}$'
    returning *
)
insert into cancelamento.parked
    (table_name, row_id, kind, platform_id, domain, ported, case_id, parked_at, content)
select 'dbaliases', id, 'alias', username || '@' || domain, domain, false, $2, $3, to_jsonb(gone) from gone
on conflict (table_name, row_id) do update set content = excluded.content, parked_at = excluded.parked_at;

-- name: park_trunks
with gone as (
    delete from address where tag = any($1) returning *
)
insert into cancelamento.parked
    (table_name, row_id, kind, platform_id, domain, ported, case_id, parked_at, content)
select 'address', id, 'trunk', tag, split_part(tag, '@', 2), false, $2, $3, to_jsonb(gone) from gone
on conflict (table_name, row_id) do update set content = excluded.content, parked_at = excluded.parked_at;

-- name: park_numbers
-- $4: for good, because another operator serves them now.
with gone as (
    delete from dbaliases
    where '+' || ltrim(alias_username, '+') = any($1) and alias_username ~ '^\+?[1-9][0-9]{6,14}$'
        and domain = any($5)
    returning *
)
insert into cancelamento.parked
    (table_name, row_id, kind, platform_id, domain, ported, case_id, parked_at, content)
select 'dbaliases', id, 'number', '+' || ltrim(alias_username, '+'), domain, $4, $2, $3, to_jsonb(gone) from gone
on conflict (table_name, row_id) do update set content = excluded.content, parked_at = excluded.parked_at;

-- name: mark_ported
update cancelamento.parked set ported = true where kind = 'number' and platform_id = $1 and domain = any($2);

-- ---------------------------------------------------------------------------------------- put back, erased

-- name: put_subscribers_back
with back as (
    delete from cancelamento.parked where table_name = 'subscriber' and domain = any($1) and not ported
    returning content
)
insert into subscriber select (jsonb_populate_record(null::subscriber, content)).* from back;

-- name: put_addresses_back
with back as (
    delete from cancelamento.parked where table_name = 'address' and domain = any($1) and not ported
    returning content
)
insert into address select (jsonb_populate_record(null::address, content)).* from back;

-- name: put_aliases_back
with back as (
    delete from cancelamento.parked where table_name = 'dbaliases' and domain = any($1) and not ported
    returning content
)
insert into dbaliases select (jsonb_populate_record(null::dbaliases, content)).* from back;

-- name: erase
-- Extensions $1, trunks $2, numbers $3 of the domains $4: no row of them is left, in use or out of it.
with extensions as (
    delete from subscriber where username || '@' || domain = any($1)
), trunks as (
    delete from address where tag = any($2)
), aliases as (
    delete from dbaliases
    where case
        when alias_username ~ '^\+?[1-9][0-9]{6,14}$'
            then '+' || ltrim(alias_username, '+') = any($3) and domain = any($4)
        else username || '@' || domain = any($1) or username || '@' || domain = any($2) end
), preferences as (
    delete from usr_preferences
    where username || '@' || domain = any($1) or username || '@' || domain = any($2)
        or (username = any($3) and domain = any($4))
)
delete from cancelamento.parked
where domain = any($4) and (platform_id = any($1) or platform_id = any($2) or platform_id = any($3));

-- ---------------------------------------------------------------------------------------- samples

-- name: add_domain
insert into domain (domain, did) values ($1, $2) on conflict do nothing;

-- name: add_extension
insert into subscriber (username, domain, password, ha1, ha1b)
select $1::text, $2::text, '', $3::text, $4::text
where not exists (
    select from cancelamento.parked where kind = 'extension' and platform_id = $1::text || '@' || $2::text)
on conflict do nothing;

-- name: add_trunk
insert into address (grp, ip_addr, mask, port, tag)
select $1::integer, $2::text, 32, $3::integer, $4::text
where not exists (select from cancelamento.parked where kind = 'trunk' and platform_id = $4::text)
    and not exists (select from address where tag = $4::text);

-- name: add_route
insert into dbaliases (alias_username, alias_domain, username, domain)
select $1::text, $2::text, $3::text, $2::text
where not exists (select from cancelamento.parked where kind = 'number' and platform_id = $1::text)
    and not exists (
        select from dbaliases where alias_username = $1::text and username = $3::text and domain = $2::text);

-- name: add_attribute
insert into usr_preferences (username, domain, attribute, value)
select $1::text, $2::text, $3::text, $4::text
where not exists (
    select from usr_preferences where username = $1::text and domain = $2::text and attribute = $3::text);
