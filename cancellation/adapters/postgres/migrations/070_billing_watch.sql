-- After a customer has left (X10): what billing knows of payments and fiscal documents, what the watch did, and since when
-- nothing more is owed.

-- ---------------------------------------------------------------------------------------- payments

-- What billing waits for the money of. A final invoice is waited for from its issue, with a row here or without; of a charge
-- that ordinary invoicing took and that has no row, nobody knows whether it was paid.
create table billing.receivables (
    receivable_id bigint  generated always as identity primary key,
    charge_id     text    unique references billing.charges,
    invoice_id    text    unique references billing.invoices,
    paid_on       date,
    paid          numeric check (paid > 0 and paid < 'infinity'),
    constraint of_one_thing check (num_nonnulls(charge_id, invoice_id) = 1),
    constraint paid_on_a_day check ((paid is null) = (paid_on is null)),
    constraint countable_days check (billing.countable(paid_on))
);
create trigger no_removal before delete or truncate on billing.receivables
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on billing.receivables for each row
    execute function crm.change_only('paid_on', 'paid');
create trigger set_once after update on billing.receivables for each row
    execute function crm.set_once('paid_on', 'paid');

-- What was paid is never voided: the money would be nowhere.
create function billing.refuse_void_of_paid() returns trigger language plpgsql as $$
begin
    perform 1 from billing.receivables r where r.charge_id = new.charge_id and r.paid_on is not null;
    if found then
        raise exception 'billing.charges: paid, so people give the money back' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create trigger paid_is_not_voided after update of status on billing.charges for each row
    when (new.void_reason = 'undue' and old.status <> 'void')
    execute function billing.refuse_void_of_paid();

-- ---------------------------------------------------------------------------------------- fiscal documents

-- NFCom: one in force for a charge. It is cancelled while it is young, else substituted or credited.
create table billing.fiscal_documents (
    document_id text        primary key,
    charge_id   text        not null references billing.charges,
    issued_at   timestamptz not null,
    status      text        not null default 'authorised'
                            check (status in ('authorised', 'cancelled', 'substituted', 'credited')),
    ended_at    timestamptz,
    ended_case  text,
    constraint ended_says_why check (num_nonnulls(ended_at, ended_case) = case status when 'authorised' then 0 else 2 end)
);
create unique index document_in_force on billing.fiscal_documents (charge_id) where status = 'authorised';
create index on billing.fiscal_documents (ended_case);
create trigger no_removal before delete or truncate on billing.fiscal_documents
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on billing.fiscal_documents for each row
    execute function crm.change_only('status', 'ended_at', 'ended_case');
create trigger set_once after update on billing.fiscal_documents for each row
    execute function crm.set_once('ended_at', 'ended_case');

-- ---------------------------------------------------------------------------------------- the watch

-- One for each case that closed, with the terms of its policy. It is over when the customer has the statement of no debt.
create table crm.billing_watches (
    case_id    text        primary key references crm.cases,
    terms      jsonb       not null check ((terms ->> 'cycles')::integer >= 0),
    settled_at timestamptz,
    acts_seq   integer     not null default 0,
    acts_head  bytea       not null default decode(repeat('00', 32), 'hex')
);
create trigger no_removal before delete or truncate on crm.billing_watches
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.billing_watches for each row
    execute function crm.change_only('settled_at', 'acts_seq', 'acts_head');
create trigger set_once after update on crm.billing_watches for each row execute function crm.set_once('settled_at');
create index closed_cases on crm.cases (case_id) where outcome = 'closed';

-- What the watch found and did, each thing once by its key. The case's own trail has ended with the case; this record goes
-- on from it, append-only and hash-chained in the same way (P20).
create table crm.watch_acts (
    case_id   text        not null references crm.billing_watches,
    seq       integer     not null,
    look      integer     not null,          -- the number of the first act of the same look: one letter tells of them
    at        timestamptz not null,
    actor     text        not null,
    kind      text        not null,
    key       text        not null,
    detail    text        not null,
    facts     text        not null,          -- JSON, with amounts as decimal numbers in text; hashed as it stands
    prev_hash bytea       not null,
    hash      bytea       not null,
    primary key (case_id, seq),
    unique (case_id, key)
);

create function crm.watch_hash(
    prev_hash bytea, case_id text, seq integer, look integer, at timestamptz, actor text, kind text, key text, detail text,
    facts text
) returns bytea language plpgsql immutable parallel safe as $$
begin
    return sha256(prev_hash
        || crm.canonical(case_id) || crm.canonical(seq::text) || crm.canonical(look::text)
        || crm.canonical(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || crm.canonical(actor) || crm.canonical(kind) || crm.canonical(key) || crm.canonical(detail)
        || crm.canonical(facts));
end $$;

create function crm.chain_watch_acts() returns trigger language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$
declare
    head record;
begin
    select acts_seq, acts_head into head from crm.billing_watches w where w.case_id = new.case_id for update;
    if not found then
        raise exception 'crm.watch_acts: no such watch' using errcode = 'foreign_key_violation';
    end if;
    if new.seq is distinct from head.acts_seq + 1 then
        raise exception 'crm.watch_acts: act % does not follow act %', new.seq, head.acts_seq
            using errcode = 'restrict_violation';
    end if;
    new.prev_hash := head.acts_head;
    new.hash := crm.watch_hash(new.prev_hash, new.case_id, new.seq, new.look, new.at, new.actor, new.kind, new.key,
                               new.detail, new.facts);
    update crm.billing_watches w set acts_seq = new.seq, acts_head = new.hash where w.case_id = new.case_id;
    return new;
end $$;
revoke execute on function crm.chain_watch_acts() from public;

create function crm.refuse_watch_change() returns trigger language plpgsql as $$
begin
    raise exception 'crm.watch_acts is append-only' using errcode = 'restrict_violation';
end $$;
create trigger chain before insert on crm.watch_acts for each row execute function crm.chain_watch_acts();
create trigger append_only before update or delete or truncate on crm.watch_acts
    for each statement execute function crm.refuse_watch_change();

-- The head of the acts moves with the acts alone, whoever asks.
create function crm.refuse_acts_head() returns trigger language plpgsql as $$
begin
    raise exception 'crm.billing_watches: the head moves with the acts alone' using errcode = 'restrict_violation';
end $$;
create trigger head_moves_with_the_acts before update of acts_seq, acts_head on crm.billing_watches for each row
    when (pg_trigger_depth() = 0)
    execute function crm.refuse_acts_head();
