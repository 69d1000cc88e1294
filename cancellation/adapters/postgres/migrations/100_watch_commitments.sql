-- What the billing watch recorded outlives what it says about people (P20, X10, X13), as the trail does: an act's hash is over
-- a salted commitment to its text, so that text and salt can go (LGPD) and the chain of what happened still holds.

alter table crm.watch_acts
    add column salt       bytea check (octet_length(salt) = 32),  -- null: the text was erased
    add column commitment bytea check (octet_length(commitment) = 32);

create function crm.watch_commitment(
    salt bytea, actor text, key text, detail text, facts text
) returns bytea language sql immutable parallel safe as $$
    select sha256(salt || crm.canonical(actor) || crm.canonical(key) || crm.canonical(detail) || crm.canonical(facts))
$$;

create function crm.watch_hash(
    prev_hash bytea, case_id text, seq integer, look integer, at timestamptz, kind text, commitment bytea
) returns bytea language sql immutable parallel safe as $$
    select sha256(prev_hash
        || crm.canonical(case_id) || crm.canonical(seq::text) || crm.canonical(look::text)
        || crm.canonical(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || crm.canonical(kind) || commitment)
$$;

create or replace function crm.chain_watch_acts() returns trigger language plpgsql security definer
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
    new.salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    new.commitment := crm.watch_commitment(new.salt, new.actor, new.key, new.detail, new.facts);
    new.hash := crm.watch_hash(new.prev_hash, new.case_id, new.seq, new.look, new.at, new.kind, new.commitment);
    update crm.billing_watches w set acts_seq = new.seq, acts_head = new.hash where w.case_id = new.case_id;
    return new;
end $$;

-- Acts of before are chained anew, once.
alter table crm.watch_acts disable trigger append_only;
alter table crm.billing_watches disable trigger head_moves_with_the_acts;
do $$
declare
    act record;
    case_at text := '';
    previous bytea;
    committed bytea;
    salted bytea;
begin
    for act in select * from crm.watch_acts order by case_id, seq loop
        if act.case_id <> case_at then
            case_at := act.case_id;
            previous := decode(repeat('00', 32), 'hex');
        end if;
        salted := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
        committed := crm.watch_commitment(salted, act.actor, act.key, act.detail, act.facts);
        update crm.watch_acts a
        set salt = salted, commitment = committed, prev_hash = previous,
            hash = crm.watch_hash(previous, act.case_id, act.seq, act.look, act.at, act.kind, committed)
        where a.case_id = act.case_id and a.seq = act.seq
        returning a.hash into previous;
        update crm.billing_watches w set acts_head = previous where w.case_id = act.case_id and w.acts_seq = act.seq;
    end loop;
end $$;
alter table crm.billing_watches enable trigger head_moves_with_the_acts;
drop function crm.watch_hash(bytea, text, integer, integer, timestamptz, text, text, text, text, text);

alter table crm.watch_acts
    alter column commitment set not null,
    add constraint erased_says_nothing check (
        salt is not null
        or (actor = '(apagado)' and key = 'apagado-' || seq and detail = '(apagado)' and facts = '{}'));

-- ---------------------------------------------------------------------------------------- erasing

-- Of a record with commitments the personal columns, which the trigger names, may go whole and with their salt; nothing else
-- of it ever changes.
create or replace function crm.refuse_other_than_erasure() returns trigger language plpgsql as $$
begin
    if new.salt is not null or to_jsonb(old) - tg_argv is distinct from to_jsonb(new) - tg_argv
        or not migration.is_erasing()
    then
        raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
drop trigger erased_only on crm.trail;
create trigger erased_only before update on crm.trail for each row
    execute function crm.refuse_other_than_erasure('actor', 'detail', 'message_id', 'problems', 'salt');

drop trigger append_only on crm.watch_acts;
create trigger append_only before delete or truncate on crm.watch_acts
    for each statement execute function crm.refuse_watch_change();
create trigger erased_only before update on crm.watch_acts for each row
    execute function crm.refuse_other_than_erasure('actor', 'key', 'detail', 'facts', 'salt');

create function crm.erase_watch_acts(of_case text) returns jsonb language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    n integer;
begin
    update crm.watch_acts
    set actor = '(apagado)', key = 'apagado-' || seq, detail = '(apagado)', facts = '{}', salt = null
    where case_id = of_case and salt is not null;
    get diagnostics n = row_count;
    return jsonb_build_object('crm.watch_acts', n);
end $$;

-- A case is erased as before, and what its watch recorded with it.
alter function crm.erase_case(text) rename to erase_records_of_case;
create function crm.erase_case(of_case text) returns jsonb language sql set search_path = pg_catalog, pg_temp as
    $$ select crm.erase_records_of_case(of_case) || crm.erase_watch_acts(of_case) $$;

revoke execute on function crm.erase_watch_acts(text), crm.erase_case(text) from public;
