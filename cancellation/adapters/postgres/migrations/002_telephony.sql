-- The telephony inventory: extensions, trunks, licences, numbers, portability (P9, P15, P17, X6).
--
-- Every table follows the pattern of P19 at the head of 001_crm.sql. Here the status cannot be typed at all: it
-- follows from the instants, and an instant needs its warrant. A released row stays, so that what a case has
-- released can be counted however often closing ran; the same id or number may come into use again in a new row.

create schema telephony;

-- Extensions, trunks and licences; another telephony platform leaves its licences here.
create table telephony.resources (
    id                     bigint      generated always as identity primary key,
    customer_id            text        not null,
    kind                   text        not null check (kind in ('extension', 'trunk', 'licence')),
    resource_id            text        not null,
    label                  text        not null,
    deactivated_at         timestamptz,
    released_at            timestamptz,
    warrant_case           text,
    warrant_notice_ends_at timestamptz,
    warrant_in_force       boolean     generated always as (case when warrant_case is not null then true end) stored,
    status                 text        generated always as (
        case when released_at is not null then 'released'
             when deactivated_at is not null then 'deactivated'
             else 'active' end) stored,

    foreign key (warrant_case, customer_id, warrant_notice_ends_at, warrant_in_force)
        references crm.formalizations (case_id, customer_id, notice_ends_at, in_force),
    constraint deactivated_under_warrant_p15 check (
        deactivated_at is null
        or (warrant_case is not null and warrant_notice_ends_at is not null
            and deactivated_at >= warrant_notice_ends_at)),
    constraint released_under_warrant_p17 check (
        released_at is null
        or (deactivated_at is not null and warrant_notice_ends_at is not null
            and released_at >= warrant_notice_ends_at))
);
create unique index resource_in_use on telephony.resources (customer_id, kind, resource_id)
    where released_at is null;
create index resources_of_customer on telephony.resources (customer_id, resource_id);
create index resources_of_warrant on telephony.resources (warrant_case);

create trigger no_removal before delete or truncate on telephony.resources
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on telephony.resources for each row
    execute function crm.change_only('label', 'deactivated_at', 'released_at', 'warrant_case',
                                     'warrant_notice_ends_at', 'warrant_in_force', 'status');
create trigger set_once after update on telephony.resources for each row
    execute function crm.set_once('deactivated_at', 'released_at', 'warrant_case', 'warrant_notice_ends_at');

-- What became of each number's portability, one row a report, append-only (P9).
create table telephony.portability (
    id          bigint      generated always as identity primary key,
    case_id     text        not null,
    customer_id text        not null,
    number      text        not null,
    status      text        not null check (status in ('requested', 'completed', 'rejected', 'cancelled')),
    operator    text,
    at          timestamptz not null,
    unique (case_id, number, status, at),
    unique (id, customer_id, number, status)
);
create index portability_of_number on telephony.portability (customer_id, number, at, id);

create trigger no_removal before delete or truncate on telephony.portability
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on telephony.portability for each row execute function crm.change_only();

create table telephony.numbers (
    id                     bigint      generated always as identity primary key,
    customer_id            text        not null,
    number                 text        not null,
    customer_owned         boolean     not null,
    routes_to              text[]      not null default '{}',   -- resource ids that the number needs to work
    deactivated_at         timestamptz,
    released_at            timestamptz,
    warrant_case           text,
    warrant_notice_ends_at timestamptz,
    warrant_in_force       boolean     generated always as (case when warrant_case is not null then true end) stored,
    port_id                bigint,                              -- the completed port that took the number away
    port_status            text        generated always as (case when port_id is not null then 'completed' end) stored,
    status                 text        generated always as (
        case when port_id is not null then 'ported'
             when released_at is not null then 'released'
             when deactivated_at is not null then 'deactivated'
             else 'active' end) stored,

    foreign key (warrant_case, customer_id, warrant_notice_ends_at, warrant_in_force)
        references crm.formalizations (case_id, customer_id, notice_ends_at, in_force),
    foreign key (port_id, customer_id, number, port_status)
        references telephony.portability (id, customer_id, number, status),
    constraint deactivated_under_warrant_p15 check (
        deactivated_at is null
        or (warrant_case is not null and warrant_notice_ends_at is not null
            and deactivated_at >= warrant_notice_ends_at)),
    constraint released_under_warrant_p17 check (
        released_at is null
        or (deactivated_at is not null and warrant_notice_ends_at is not null
            and released_at >= warrant_notice_ends_at)),
    constraint only_owned_numbers_leave_p9 check (port_id is null or (customer_owned and released_at is null))
);
-- In use by one customer at most.
create unique index number_in_use on telephony.numbers (number) where released_at is null and port_id is null;
create index numbers_of_customer on telephony.numbers (customer_id, number);
create index numbers_of_warrant on telephony.numbers (warrant_case);

create trigger no_removal before delete or truncate on telephony.numbers
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on telephony.numbers for each row
    execute function crm.change_only('routes_to', 'deactivated_at', 'released_at', 'warrant_case',
                                     'warrant_notice_ends_at', 'warrant_in_force', 'port_id', 'port_status', 'status');
create trigger set_once after update on telephony.numbers for each row
    execute function crm.set_once('deactivated_at', 'released_at', 'warrant_case', 'warrant_notice_ends_at', 'port_id');
