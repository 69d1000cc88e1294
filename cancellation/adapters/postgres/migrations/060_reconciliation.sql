-- Reconciliation (X11): what the engine's executions say, laid beside the records; what disagrees, each once; and what was
-- undone because of it.

create schema reconciliation;

-- A run, by when it began. What executions say counts only where all of them were read.
create table reconciliation.runs (
    run_at            timestamptz primary key,
    executions_at     timestamptz not null       -- when the last of them was noted
);

-- What runs in the engine, as the latest run that saw it found it. Nothing relies on it but reconciliation.
create table reconciliation.executions (
    workflow_id    text        primary key,
    run_id         text        not null,
    workflow_type  text        not null,
    started_at     timestamptz not null,
    seen_at        timestamptz not null,         -- the run's
    wedged         boolean     not null,
    -- How long the open case's trail was in the CRM before the execution was asked how long it is.
    held_trail     integer,
    -- What it says itself; null where it did not answer.
    stage          text,
    notice_ends_at timestamptz,
    trail_entries  integer,
    trail_recorded integer,
    owes_crm       boolean     not null default false
);

create table reconciliation.findings (
    rule        text        not null,
    subject     text        not null,
    customer_id text,
    case_id     text,
    protocol    text,
    crm         jsonb       not null,             -- what the CRM says
    other       jsonb       not null,             -- what the other system says
    first_seen  timestamptz not null,             -- the run that found it; when it was gone and came back, the later one
    last_seen   timestamptz not null,
    told_at     timestamptz,                      -- the letter that told the team
    resolved_at timestamptz,                      -- the run that did not find it any more
    primary key (rule, subject),
    check (last_seen >= first_seen)
);
create index open_findings on reconciliation.findings (rule, first_seen) where resolved_at is null;

create trigger no_removal before delete or truncate on reconciliation.findings
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on reconciliation.findings for each row
    execute function crm.change_only('customer_id', 'case_id', 'protocol', 'crm', 'other', 'first_seen', 'last_seen',
                                     'told_at', 'resolved_at');

-- An act of reconciliation, append-only.
create table reconciliation.repairs (
    rule    text        not null,
    subject text        not null,
    run_at  timestamptz not null,
    repair  text        not null,
    case_id text        not null,
    at      timestamptz not null,
    primary key (rule, subject, run_at),
    foreign key (rule, subject) references reconciliation.findings
);
create trigger no_removal before delete or truncate on reconciliation.repairs
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on reconciliation.repairs for each row execute function crm.change_only();
