-- A trail outlives what it says about people (P20, X13): an entry's hash is over a salted commitment to its personal text,
-- so that text and salt can go (LGPD) and the chain still holds. Without the salt nobody can try out what was written.

alter table crm.trail
    add column salt       bytea check (octet_length(salt) = 32),  -- null: the text was erased
    add column commitment bytea check (octet_length(commitment) = 32);

create function crm.trail_commitment(
    salt bytea, actor text, detail text, message_id text, problems jsonb
) returns bytea language plpgsql immutable parallel safe as $$
declare
    canonical bytea;
    problem jsonb;
begin
    canonical := salt || crm.canonical(actor) || crm.canonical(detail) || crm.canonical(message_id);
    if problems <> '[]' then
        for problem in select * from jsonb_array_elements(problems) loop
            canonical := canonical
                || crm.canonical(coalesce(problem ->> 'field', '')) || crm.canonical(coalesce(problem ->> 'problem', ''));
        end loop;
    end if;
    return sha256(canonical);
end $$;

create function crm.trail_hash(
    prev_hash bytea, case_id text, seq integer, at timestamptz, kind text, commitment bytea
) returns bytea language plpgsql immutable parallel safe as $$
begin
    return sha256(prev_hash
        || crm.canonical(case_id) || crm.canonical(seq::text)
        || crm.canonical(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || crm.canonical(kind) || commitment);
end $$;

create or replace function crm.chain_trail() returns trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $$
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
    -- The server's own strong randomness: an UUID of this kind has 122 bits of it.
    new.salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    new.commitment := crm.trail_commitment(new.salt, new.actor, new.detail, new.message_id, new.problems);
    new.hash := crm.trail_hash(new.prev_hash, new.case_id, new.seq, new.at, new.kind, new.commitment);
    update crm.cases c set trail_seq = new.seq, trail_head = new.hash where c.case_id = new.case_id;
    return new;
end $$;

-- Entries of before are chained anew, once.
alter table crm.trail disable trigger append_only;
alter table crm.cases disable trigger trail_head_moves_with_the_trail;
do $$
declare
    entry record;
    case_at text := '';
    previous bytea;
    committed bytea;
    salted bytea;
begin
    for entry in select * from crm.trail order by case_id, seq loop
        if entry.case_id <> case_at then
            case_at := entry.case_id;
            previous := decode(repeat('00', 32), 'hex');
        end if;
        salted := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
        committed := crm.trail_commitment(salted, entry.actor, entry.detail, entry.message_id, entry.problems);
        update crm.trail t
        set salt = salted, commitment = committed, prev_hash = previous,
            hash = crm.trail_hash(previous, entry.case_id, entry.seq, entry.at, entry.kind, committed)
        where t.case_id = entry.case_id and t.seq = entry.seq
        returning t.hash into previous;
        update crm.cases c set trail_head = previous where c.case_id = entry.case_id and c.trail_seq = entry.seq;
    end loop;
end $$;
alter table crm.cases enable trigger trail_head_moves_with_the_trail;
alter table crm.trail enable trigger append_only;
drop function crm.trail_hash(bytea, text, integer, timestamptz, text, text, text, text, jsonb);

alter table crm.trail
    alter column commitment set not null,
    add constraint erased_says_nothing check (
        salt is not null
        or (actor = '(apagado)' and detail = '(apagado)' and message_id is null and problems = '[]'));
