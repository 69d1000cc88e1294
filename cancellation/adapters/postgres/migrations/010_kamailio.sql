-- What was ordered of an outside telephony platform, resource by resource, before the platform is touched (P15, P17,
-- P19). The platform has its own database, which no foreign key of ours reaches: this ledger stands in for its rows.
-- An act that is ordered and not done yet is what a killed run left; the next one goes on from here.

create table telephony.platform_acts (
    case_id                text        not null,
    customer_id            text        not null,
    act                    text        not null check (act in ('deactivate', 'release')),
    kind                   text        not null check (kind in ('extension', 'trunk', 'number')),
    platform_id            text        not null,    -- as the platform names it, such as `101@acme.pbx.example`
    ordered_at             timestamptz not null,    -- the workflow's instant (`Warrant.at`), never now()
    done_at                timestamptz,             -- the warrant's instant of the run that saw it done
    warrant_notice_ends_at timestamptz not null,
    warrant_in_force       boolean     generated always as (true) stored,

    primary key (case_id, act, kind, platform_id),
    foreign key (case_id, customer_id, warrant_notice_ends_at, warrant_in_force)
        references crm.formalizations (case_id, customer_id, notice_ends_at, in_force),
    constraint not_before_the_end_p15 check (ordered_at >= warrant_notice_ends_at),
    constraint done_under_warrant_p17 check (done_at is null or done_at >= warrant_notice_ends_at)
);
create index platform_acts_of_customer on telephony.platform_acts (customer_id, kind, platform_id);

create trigger no_removal before delete or truncate on telephony.platform_acts
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on telephony.platform_acts for each row
    execute function crm.change_only('done_at');
create trigger set_once after update on telephony.platform_acts for each row execute function crm.set_once('done_at');
