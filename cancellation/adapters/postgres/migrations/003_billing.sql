-- Billing: subscriptions, charges, invoices (P16). Days are calendar days of America/Sao_Paulo, amounts reais.
--
-- A stopped subscription and a final invoice carry a warrant, as described at the head of 001: a composite foreign
-- key to a complete formalization in force whose last day they name, and an instant that does not lie before that
-- notice's end (P19).

create schema billing;

create table billing.subscriptions (
    subscription_id        text primary key,
    customer_id            text        not null,
    description            text        not null,
    monthly                numeric     not null check (monthly >= 0),
    started_on             date        not null,
    -- Its last day, when it ended for a reason of its own: part of the record from the start, see the trigger.
    ended_on               date,
    -- Days up to this one were settled before these records begin.
    billed_through         date,
    -- The stop at the end of a notice.
    stopped_on             date,
    stopped_at             timestamptz,
    warrant_case           text,
    warrant_notice_ends_at timestamptz,
    warrant_in_force       boolean generated always as (case when warrant_case is not null then true end) stored,
    constraint stopped_by_warrant check (
        case when stopped_on is null
            then num_nonnulls(stopped_at, warrant_case, warrant_notice_ends_at) = 0
            else num_nonnulls(stopped_at, warrant_case, warrant_notice_ends_at) = 3
                and stopped_at >= warrant_notice_ends_at
        end
    ),
    constraint stopped_by_formalization
        foreign key (warrant_case, customer_id, warrant_notice_ends_at, stopped_on, warrant_in_force)
        references crm.formalizations (case_id, customer_id, notice_ends_at, last_day, in_force)
);
create index on billing.subscriptions (customer_id);
create index on billing.subscriptions (warrant_case);

-- Customer and term never change: whoever could shorten a contract would stop billing without a formalization.
create trigger no_removal before delete or truncate on billing.subscriptions
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on billing.subscriptions for each row
    execute function crm.change_only('description', 'monthly', 'stopped_on', 'stopped_at', 'warrant_case',
                                     'warrant_notice_ends_at', 'warrant_in_force');
create trigger set_once after update on billing.subscriptions for each row
    execute function crm.set_once('stopped_on', 'stopped_at', 'warrant_case', 'warrant_notice_ends_at');

-- The end that a running notice plans: reversible, so it needs no warrant. In force until lifted or settled. One that was
-- lifted before it came says only that: it stays lifted when it comes.
create table billing.end_plans (
    case_id     text primary key,
    customer_id text,
    last_day    date,
    planned_at  timestamptz,
    state       text        not null default 'planned' check (state in ('planned', 'lifted', 'settled')),
    constraint only_what_is_lifted_says_nothing
        check (state = 'lifted' or (customer_id is not null and last_day is not null and planned_at is not null))
);
create index on billing.end_plans (customer_id);

create table billing.invoices (
    invoice_id             text primary key,
    case_id                text        not null unique,
    customer_id            text        not null,
    last_day               date        not null,
    issued_at              timestamptz not null,
    total                  numeric     not null,
    warrant_notice_ends_at timestamptz not null,
    warrant_in_force       boolean generated always as (true) stored,
    constraint issued_by_warrant check (issued_at >= warrant_notice_ends_at),
    constraint issued_by_formalization
        foreign key (case_id, customer_id, warrant_notice_ends_at, last_day, warrant_in_force)
        references crm.formalizations (case_id, customer_id, notice_ends_at, last_day, in_force)
);

create table billing.charges (
    charge_id       text primary key,
    subscription_id text    not null references billing.subscriptions,
    first_day       date    not null,
    last_day        date    not null check (last_day >= first_day),
    amount          numeric not null check (amount >= 0),
    status          text    not null check (status in ('open', 'invoiced', 'void')),
    -- The final invoice that took it; null for one that ordinary invoicing took.
    invoice_id      text references billing.invoices,
    -- after_end: all its days lie after the end. replaced: its due days stand as lines of the final invoice.
    -- undue: found after closing by the billing watch.
    void_reason     text check (void_reason in ('after_end', 'replaced', 'undue')),
    void_case       text,
    voided_at       timestamptz,
    constraint void_says_why check (
        num_nonnulls(void_reason, void_case, voided_at) = case when status = 'void' then 3 else 0 end
    ),
    constraint invoice_takes check (invoice_id is null or status = 'invoiced')
);
create index on billing.charges (subscription_id);
create index on billing.charges (void_case) where status = 'void';

create table billing.invoice_lines (
    invoice_id      text    not null references billing.invoices,
    position        integer not null check (position > 0),
    subscription_id text    not null references billing.subscriptions,
    -- The charge that the line bills, or gives back in part.
    charge_id       text    not null references billing.charges,
    kind            text    not null check (kind in ('charge', 'pro_rata', 'credit')),
    description     text    not null,
    first_day       date    not null,
    last_day        date    not null,
    days            integer not null check (days > 0 and days = last_day - first_day + 1),
    period_days     integer not null check (period_days >= days),
    amount          numeric not null,
    primary key (invoice_id, position),
    constraint only_credits_are_negative check (case kind when 'credit' then amount <= 0 else amount >= 0 end)
);
create index on billing.invoice_lines (charge_id);
create index on billing.invoice_lines (subscription_id);

create trigger no_removal before delete or truncate on billing.end_plans
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on billing.end_plans for each row
    execute function crm.change_only('last_day', 'planned_at', 'state');
create trigger no_removal before delete or truncate on billing.charges
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on billing.charges for each row
    execute function crm.change_only('status', 'invoice_id', 'void_reason', 'void_case', 'voided_at');
create trigger set_once after update on billing.charges for each row
    execute function crm.set_once('invoice_id', 'void_reason', 'void_case', 'voided_at');
create trigger no_removal before delete or truncate on billing.invoices
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on billing.invoices for each row execute function crm.change_only();
create trigger no_removal before delete or truncate on billing.invoice_lines
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on billing.invoice_lines for each row execute function crm.change_only();
