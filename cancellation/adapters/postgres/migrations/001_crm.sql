-- The CRM: customers, cases, tasks, trail, originals, formalizations (P2, P11, P12, P14, P19, P20, X1, X12).
--
-- P19 IN THE DATABASE: the pattern for every table of any schema whose rows can be deactivated, released,
-- stopped or purged. PostgreSQL refuses a destructive row without complete formalization in force and ended
-- notice, whoever asks and however: by our adapters, by another program, by hand. Copy it:
--
--   1. The row names its customer, and the destructive act carries its warrant:
--
--        customer_id            text        not null,
--        status                 text        not null default 'active',
--        destroyed_at           timestamptz,                -- the workflow's instant (`Warrant.at`), never now()
--        warrant_case           text,                       -- `Warrant.case_id`
--        warrant_notice_ends_at timestamptz,                -- `Warrant.notice_ends_at`
--        warrant_in_force       boolean generated always as (case when warrant_case is not null then true end) stored,
--
--   2. The warrant must name this customer's own formalization, with that very end, in force. The foreign key
--      works both ways: once a destructive row refers to it, the formalization cannot be revoked any more.
--
--        foreign key (warrant_case, customer_id, warrant_notice_ends_at, warrant_in_force)
--            references crm.formalizations (case_id, customer_id, notice_ends_at, in_force),
--
--      Where a day is destroyed rather than an instant (billing), the key holds `last_day` too.
--
--   3. No destructive state without warrant, and none before the notice's end. Write every branch with
--      `is null` / `is not null` first: a CHECK that comes out as NULL lets the row pass.
--
--        check (
--            (status = 'active' and destroyed_at is null
--                and warrant_case is null and warrant_notice_ends_at is null)
--            or (status = 'destroyed' and destroyed_at is not null
--                and warrant_case is not null and warrant_notice_ends_at is not null
--                and destroyed_at >= warrant_notice_ends_at)
--        )
--
--   4. Rows never disappear, do not change hands, and what was destroyed stays on record:
--
--        create trigger no_removal before delete or truncate on SCHEMA.TABLE
--            for each statement execute function crm.refuse_removal();
--        create trigger only_changes after update on SCHEMA.TABLE for each row
--            execute function crm.change_only('status', 'destroyed_at', 'warrant_case', 'warrant_notice_ends_at',
--                                             'warrant_in_force');           -- every column that may change
--        create trigger set_once after update on SCHEMA.TABLE for each row
--            execute function crm.set_once('destroyed_at', 'warrant_case', 'warrant_notice_ends_at');
--
--   5. Before it touches anything an adapter writes its act to crm.destructive_acts (same constraint): so it is
--      refused even when there is no row to destroy, and before an outside platform has been asked.
--      See `warrants.py`, which also turns the refusal into `DestructionForbidden`.
--
-- A row that is not destructive but takes something out of the inventory (a number ported away) refers to the
-- record that proves it in the same way: see telephony.numbers in 002.

create schema crm;

-- ---------------------------------------------------------------------------------------- guards

create function crm.refuse_removal() returns trigger language plpgsql as $$
begin
    raise exception '%.%: rows are never removed', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation';
end $$;

-- Trigger arguments: the columns that may change; every other one is fixed. Without any, tg_argv is NULL.
create function crm.change_only() returns trigger language plpgsql as $$
begin
    if to_jsonb(old) - coalesce(tg_argv, '{}') is distinct from to_jsonb(new) - coalesce(tg_argv, '{}') then
        raise exception '%.%: a column that never changes was changed', tg_table_schema, tg_table_name
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;

-- Trigger arguments: columns that may go from NULL to a value, once.
create function crm.set_once() returns trigger language plpgsql as $$
declare
    name text;
begin
    foreach name in array tg_argv loop
        if to_jsonb(old) -> name <> 'null'::jsonb and to_jsonb(old) -> name is distinct from to_jsonb(new) -> name then
            raise exception '%.%.%: set once and for all', tg_table_schema, tg_table_name, name
                using errcode = 'restrict_violation';
        end if;
    end loop;
    return null;
end $$;

-- ---------------------------------------------------------------------------------------- customers

create table crm.customers (
    customer_id text primary key,
    name        text not null,
    cnpj        text,                          -- digits (and, since 2026, capital letters) only
    status      text not null default 'Ativo',
    status_at   timestamptz                    -- the workflow's instant of the last change
);
create index customers_by_cnpj on crm.customers (cnpj);

create table crm.authorised_contacts (
    customer_id text    not null references crm.customers,
    email       text    not null check (email = lower(email)),
    name        text    not null,
    phone       text,
    place       integer not null,
    primary key (customer_id, email)
);
create index authorised_contacts_by_email on crm.authorised_contacts (email);

create table crm.contracts (
    customer_id text not null references crm.customers,
    number      text not null,
    primary key (customer_id, number)
);

-- A customer as the process sees one.
create view crm.customer_cards as
select c.customer_id, c.name, c.cnpj, c.status,
    (select max(k.number) from crm.contracts k where k.customer_id = c.customer_id) as contract,
    coalesce((
        select jsonb_agg(jsonb_build_object('name', a.name, 'email', a.email, 'phone', a.phone) order by a.place)
        from crm.authorised_contacts a where a.customer_id = c.customer_id
    ), '[]') as contacts
from crm.customers c;

-- ---------------------------------------------------------------------------------------- cases

-- No foreign key to customers: whoever asks to leave is recorded, known or not (P2).
create table crm.cases (
    case_id           text        primary key,
    customer_id       text        not null,
    workflow_id       text        not null,
    protocol          text        not null unique,
    stage             text        not null,
    opened_at         timestamptz not null,
    request           jsonb       not null,
    -- What the customer's status goes back to when the case ends without closing (X20).
    status_before     text        not null default 'Ativo',
    -- When the customer's latest case of before ended, less a minute: no e-mail received until then counts here (X20).
    -- The minute is for the clocks of mail servers; and a case that ended on a clock ahead of this one's is no reason
    -- to wait for that clock.
    mails_count_after timestamptz,
    -- The case of a terminated execution that this one follows, and where that one stood (X20).
    follows           text        references crm.cases,
    follows_stage     text,
    changed_at        timestamptz not null,    -- the workflow's instant of the stage
    outcome           text,
    ended_at          timestamptz,
    trail_seq         integer     not null default 0,
    trail_head        bytea       not null default decode(repeat('00', 32), 'hex'),
    unique (case_id, customer_id),
    check ((outcome is null) = (ended_at is null)),
    check ((follows is null) = (follows_stage is null))
);
create unique index one_open_case_x1 on crm.cases (customer_id) where ended_at is null;
create index cases_of_customer on crm.cases (customer_id, ended_at);

-- Whoever inserts: the row says when the case of before ended. The lock waits for one that is just ending.
create function crm.follow_earlier_cases() returns trigger language plpgsql as $$
begin
    perform 1 from crm.cases c where c.customer_id = new.customer_id and c.ended_at is null for share;
    select least(max(c.ended_at), new.opened_at) - interval '1 minute' into new.mails_count_after
    from crm.cases c where c.customer_id = new.customer_id having max(c.ended_at) is not null;
    return new;
end $$;

create trigger follows before insert on crm.cases for each row execute function crm.follow_earlier_cases();
create trigger no_removal before delete or truncate on crm.cases
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.cases for each row
    execute function crm.change_only('stage', 'changed_at', 'outcome', 'ended_at', 'trail_seq', 'trail_head');
create trigger set_once after update on crm.cases for each row
    execute function crm.set_once('outcome', 'ended_at');

create table crm.tasks (
    case_id    text        not null references crm.cases,
    key        text        not null,
    team       text        not null,
    title      text        not null,
    text       text        not null,
    due_on     date,                           -- a day in America/Sao_Paulo (P14)
    ordered_at timestamptz not null,           -- the workflow's instant of the last order or close
    closed_at  timestamptz,
    primary key (case_id, key)
);
create index open_tasks on crm.tasks (due_on) where closed_at is null;

create trigger no_removal before delete or truncate on crm.tasks
    for each statement execute function crm.refuse_removal();

-- ---------------------------------------------------------------------------------------- trail

create table crm.trail (
    case_id    text        not null references crm.cases,
    seq        integer     not null,
    at         timestamptz not null,
    actor      text        not null,
    kind       text        not null,
    detail     text        not null,
    message_id text,                            -- of the message that caused the entry; null where none did
    problems   jsonb       not null default '[]' check (jsonb_typeof(problems) = 'array'),
    prev_hash  bytea       not null,
    hash       bytea       not null,
    primary key (case_id, seq)
);

-- One field of the canonical form: its length in bytes, a colon, its UTF-8 bytes; a lone `-` for what is not there.
-- No two lists of fields give the same bytes, and any language can compute it
-- (`cancellation/adapters/trailchain.py` does).
create function crm.canonical(field text) returns bytea language plpgsql immutable parallel safe as $$
begin
    return convert_to(coalesce(octet_length(convert_to(field, 'UTF8')) || ':' || field, '-'), 'UTF8');
end $$;

create function crm.trail_hash(
    prev_hash bytea, case_id text, seq integer, at timestamptz, actor text, kind text, detail text, message_id text,
    problems jsonb
) returns bytea language plpgsql immutable parallel safe as $$
declare
    canonical bytea;
    problem jsonb;
begin
    canonical := prev_hash
        || crm.canonical(case_id) || crm.canonical(seq::text)
        || crm.canonical(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || crm.canonical(actor) || crm.canonical(kind) || crm.canonical(detail) || crm.canonical(message_id);
    if problems <> '[]' then
        for problem in select * from jsonb_array_elements(problems) loop
            canonical := canonical
                || crm.canonical(coalesce(problem ->> 'field', '')) || crm.canonical(coalesce(problem ->> 'problem', ''));
        end loop;
    end if;
    return sha256(canonical);
end $$;

-- Whoever inserts: the entry follows the last one without a gap and is chained to it. The lock on the case makes
-- two writers queue.
create function crm.chain_trail() returns trigger language plpgsql as $$
declare
    head record;
begin
    select trail_seq, trail_head into head from crm.cases c where c.case_id = new.case_id for update;
    if not found then
        raise exception 'crm.trail: unknown case' using errcode = 'foreign_key_violation';
    end if;
    if new.seq is distinct from head.trail_seq + 1 then
        raise exception 'crm.trail: entry % does not follow entry %', new.seq, head.trail_seq
            using errcode = 'restrict_violation';
    end if;
    new.prev_hash := head.trail_head;
    new.hash := crm.trail_hash(new.prev_hash, new.case_id, new.seq, new.at, new.actor, new.kind, new.detail,
                               new.message_id, new.problems);
    update crm.cases c set trail_seq = new.seq, trail_head = new.hash where c.case_id = new.case_id;
    return new;
end $$;

create function crm.refuse_trail_change() returns trigger language plpgsql as $$
begin
    raise exception 'crm.trail is append-only' using errcode = 'restrict_violation';
end $$;

create trigger chain before insert on crm.trail for each row execute function crm.chain_trail();
create trigger append_only before update or delete or truncate on crm.trail
    for each statement execute function crm.refuse_trail_change();

-- ---------------------------------------------------------------------------------------- e-mails

create table crm.originals (
    sha256  text        primary key,
    raw     bytea       not null,
    kept_at timestamptz not null,
    check (sha256 = encode(sha256(raw), 'hex'))
);
create trigger no_removal before delete or truncate on crm.originals
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.originals for each row execute function crm.change_only();

-- Only complete formalizations are here (P7, P8, X9); what the e-mails say together, the completing one's own
-- fields, and the notice that follows from them.
create table crm.formalizations (
    case_id            text        primary key,
    customer_id        text        not null,
    message_id         text        not null,
    sender             text        not null,
    recipients         text[]      not null,   -- what all the e-mails reached together
    received_at        timestamptz not null,
    subject            text        not null,
    explicit_request   boolean     not null check (explicit_request),
    reason             text        not null check (reason ~ '\S'),
    authentication     text        not null check (authentication in ('pass', 'fail', 'none')),
    confirmed_by       text        check (confirmed_by ~ '\S'),
    original_sha256    text,
    original_ref       text,
    mails              jsonb       not null,   -- every e-mail that counted, the completing one last
    required_mailboxes text[]      not null check (cardinality(required_mailboxes) >= 1),
    notice_days        integer     not null check (notice_days >= 0),
    clause             text        not null,
    starts_at          timestamptz not null,
    received_on        date        not null,   -- the local day of receipt, by the case's own time-zone rules (X23)
    last_day           date        not null,
    end_offset_minutes integer     not null,   -- what local time is ahead of UTC when the notice ends, by those rules
    notice_ends_at     timestamptz not null,
    in_force           boolean     not null default true,
    revoked_at         timestamptz,

    unique (case_id, customer_id, notice_ends_at, in_force),
    unique (case_id, customer_id, notice_ends_at, last_day, in_force),
    foreign key (case_id, customer_id) references crm.cases (case_id, customer_id),
    constraint all_mailboxes_reached_p7 check (recipients @> required_mailboxes),
    constraint trusted_x9 check (authentication = 'pass' or confirmed_by is not null),
    constraint every_mail_trusted_x9 check (
        jsonb_typeof(mails) = 'array' and jsonb_array_length(mails) >= 1
        -- Counted, not searched for the contrary: a missing or null field makes a contrary unknown, not true.
        and jsonb_array_length(mails) = jsonb_array_length(jsonb_path_query_array(
            mails, 'strict $[*] ? (@.authentication == "pass" || @.confirmed_by like_regex "\\S")'))
    ),
    constraint counts_from_receipt_p8 check (starts_at = received_at),
    -- What the row says is compared, never this server's own time-zone rules: they change, and what was told stays.
    constraint received_on_p8 check (received_on - (received_at at time zone 'UTC')::date between -1 and 1),
    constraint last_day_p8 check (last_day = received_on + notice_days),
    constraint ends_with_the_last_day_p8 check (
        end_offset_minutes between -14 * 60 and 14 * 60
        and notice_ends_at = (last_day + 1)::timestamp at time zone 'UTC' - end_offset_minutes * interval '1 minute'
    ),
    constraint ends_after_receipt_p8 check (notice_ends_at > received_at),
    check (in_force = (revoked_at is null))
);

-- A case that has ended cannot be formalised afterwards, nor end otherwise than closed with its formalization
-- still in force: neither would be a customer who is leaving.
create function crm.formalize_open_case() returns trigger language plpgsql as $$
begin
    perform 1 from crm.cases c where c.case_id = new.case_id and c.ended_at is not null for share;
    if found then
        raise exception 'crm.formalizations: the case has ended' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;

-- An e-mail that an earlier case of the customer had received belongs to that one (X20). The setting makes an instant
-- without offset mean the same to everybody.
create function crm.formalize_own_mails() returns trigger language plpgsql set timezone = 'UTC' as $$
declare
    earlier_end timestamptz;
begin
    select c.mails_count_after into earlier_end from crm.cases c where c.case_id = new.case_id;
    if earlier_end is not null and (
        new.received_at <= earlier_end
        or exists (
            select from jsonb_array_elements(new.mails) mail
            where coalesce((mail ->> 'received_at')::timestamptz <= earlier_end, true))
    ) then
        raise exception 'crm.formalizations: an e-mail belonged to an earlier case'
            using errcode = 'restrict_violation', constraint = 'own_mails_x20';
    end if;
    return null;
end $$;

create function crm.end_without_formalization() returns trigger language plpgsql as $$
begin
    perform 1 from crm.formalizations f where f.case_id = new.case_id and f.in_force;
    if found then
        raise exception 'crm.cases: ends as % with a formalization in force', new.outcome
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;

create trigger open_case_only after insert on crm.formalizations
    for each row execute function crm.formalize_open_case();
create trigger own_mails_x20 after insert on crm.formalizations
    for each row execute function crm.formalize_own_mails();
create trigger no_removal before delete or truncate on crm.formalizations
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.formalizations for each row
    execute function crm.change_only('in_force', 'revoked_at');
create trigger set_once after update on crm.formalizations for each row execute function crm.set_once('revoked_at');
create trigger ends_unformalised after update on crm.cases for each row
    when (new.outcome is not null and new.outcome <> 'closed')
    execute function crm.end_without_formalization();

-- ---------------------------------------------------------------------------------------- destructive acts

-- What was ordered under which warrant, before anything was touched (P19).
create table crm.destructive_acts (
    case_id                text        not null,
    customer_id            text        not null,
    act                    text        not null,    -- such as `telephony.deactivate`
    ordered_at             timestamptz not null,
    warrant_notice_ends_at timestamptz not null,
    warrant_in_force       boolean     generated always as (true) stored,
    primary key (case_id, customer_id, warrant_notice_ends_at, act),
    foreign key (case_id, customer_id, warrant_notice_ends_at, warrant_in_force)
        references crm.formalizations (case_id, customer_id, notice_ends_at, in_force),
    constraint not_before_the_end_p15 check (ordered_at >= warrant_notice_ends_at)
);
create trigger no_removal before delete or truncate on crm.destructive_acts
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.destructive_acts for each row execute function crm.change_only();
