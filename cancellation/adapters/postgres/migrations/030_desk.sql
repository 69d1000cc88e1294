-- Commercial's desk (X24) and its figures (X26): since when a case stands where it does, what Commercial tried, and
-- what people note beside a case; with a role that can read what the desk shows and write nothing but its own.

-- ---------------------------------------------------------------------------------------- the course of a case

-- Whoever moves the case: the row is written along with it.
create table crm.stage_changes (
    case_id text        not null references crm.cases,
    stage   text        not null,
    at      timestamptz not null,
    primary key (case_id, stage)
);
create index stage_changes_by_stage on crm.stage_changes (stage, at);

create function crm.note_stage() returns trigger language plpgsql as $$
begin
    insert into crm.stage_changes (case_id, stage, at) values (new.case_id, new.stage, new.changed_at)
    on conflict do nothing;
    return null;
end $$;

create trigger stage_noted after insert or update of stage on crm.cases
    for each row execute function crm.note_stage();
create trigger no_removal before delete or truncate on crm.stage_changes
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.stage_changes for each row execute function crm.change_only();

insert into crm.stage_changes (case_id, stage, at)
select case_id, 'retention', opened_at from crm.cases
union
select case_id, stage, changed_at from crm.cases where stage <> 'retention';

-- ---------------------------------------------------------------------------------------- what Commercial tried

-- As the case tells it with each record that changes it (P3, P4); the sentences about it are in the trail.
create table crm.retention (
    case_id         text        primary key references crm.cases,
    outcome         text        check (outcome in ('retained', 'declined')),
    reason_category text,
    reason_text     text,
    decided_by      text,
    decided_at      timestamptz,
    check ((outcome is null) = (decided_at is null) and (outcome is null) = (reason_category is null))
);
create table crm.offers (
    case_id     text        not null references crm.cases,
    offer_id    text        not null,
    kind        text        not null,
    description text        not null,
    status      text        not null check (status in ('made', 'accepted', 'refused')),
    actor       text        not null,
    at          timestamptz not null,
    primary key (case_id, offer_id)
);
create trigger no_removal before delete or truncate on crm.retention
    for each statement execute function crm.refuse_removal();
create trigger no_removal before delete or truncate on crm.offers
    for each statement execute function crm.refuse_removal();

create index cases_by_opening on crm.cases (opened_at);
create index open_cases_by_stage on crm.cases (stage, opened_at) where ended_at is null;
create index tasks_by_team on crm.tasks (team, due_on) where closed_at is null;
create index formalizations_in_force on crm.formalizations using gin (mails jsonb_path_ops) where in_force;
create index tasks_about_mail on crm.tasks (key)
    where closed_at is null and (key like 'mail:%' or key = 'confirm_notice');

-- ---------------------------------------------------------------------------------------- the end in figures

-- What billing holds of a customer, one row a subscription, charge and credit; a subscription without charges and a
-- charge without credits have one.
create view billing.accounts as
select s.customer_id, s.subscription_id, s.description, s.monthly, s.started_on,
    least(s.ended_on, s.stopped_on) as ended_on, s.billed_through,
    c.charge_id, c.first_day, c.last_day, c.amount, c.status,
    l.first_day as credit_first_day, l.last_day as credit_last_day
from billing.subscriptions s
left join billing.charges c using (subscription_id)
left join billing.invoice_lines l on l.charge_id = c.charge_id and l.kind = 'credit';

-- ---------------------------------------------------------------------------------------- what people note

-- What people do at the desk beside the facts that they report: none of it moves a case. Append-only.
create table crm.desk_acts (
    act_id  text        primary key,              -- of the form that was sent: sent again, it counts once
    seq     bigint      generated always as identity,
    case_id text        not null references crm.cases,
    at      timestamptz not null default now(),
    actor   text        not null check (actor ~ '\S'),
    kind    text        not null check (kind in ('note', 'assigned', 'task_closed', 'mail_dismissed')),
    subject text        not null default '',      -- the task's key, or who has the case now
    words   text        not null default ''
);
create index desk_acts_of_case on crm.desk_acts (case_id, seq);
create trigger no_removal before delete or truncate on crm.desk_acts
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.desk_acts for each row execute function crm.change_only();

-- ---------------------------------------------------------------------------------------- sessions

create schema desk;

create table desk.sessions (
    token_hash text        primary key check (token_hash ~ '^[0-9a-f]{64}$'),  -- the token is nowhere
    login      text        not null,
    started_at timestamptz not null,
    seen_at    timestamptz not null,
    ends_at    timestamptz not null
);
create index sessions_by_end on desk.sessions (ends_at);

-- ---------------------------------------------------------------------------------------- the role

-- Belongs to the whole server, so another database may have made it; an owner who may make no roles leaves it to
-- whoever may, and the desk says at its start that it runs with more than it needs.
do $$
begin
    if not exists (select from pg_roles where rolname = 'cancelamento_desk') then
        create role cancelamento_desk nologin;
    end if;
exception
    when insufficient_privilege or duplicate_object or unique_violation then null;
end $$;

do $$
begin
    if not exists (select from pg_roles where rolname = 'cancelamento_desk') then
        return;
    end if;
    grant usage on schema crm, billing, telephony, notification, inbox, desk to cancelamento_desk;
    grant select on crm.customers, crm.authorised_contacts, crm.contracts, crm.customer_cards, crm.cases, crm.tasks,
        crm.trail, crm.originals, crm.formalizations, crm.mail_tasks, crm.stage_changes, crm.retention, crm.offers,
        crm.desk_acts, crm.mail_decisions to cancelamento_desk;
    grant insert on crm.desk_acts, crm.mail_decisions to cancelamento_desk;
    grant update (closed_at) on crm.tasks to cancelamento_desk;
    grant update (closed_at, closed_by) on crm.mail_tasks to cancelamento_desk;
    grant select on billing.accounts, billing.subscriptions, billing.charges, billing.invoices, billing.invoice_lines,
        billing.end_plans to cancelamento_desk;
    grant select on telephony.numbers to cancelamento_desk;
    grant select on notification.outbox, notification.recipients to cancelamento_desk;
    grant select on inbox.messages to cancelamento_desk;
    grant select, insert, update, delete on desk.sessions to cancelamento_desk;
end $$;
