-- Erasing what is known of people when its legal term is over (LGPD, articles 15 and 16): what happened stays, with its
-- instants, amounts and the trail's chain; who it was, and what was written, goes.
--
-- Whoever erases does it through crm.erase and nothing else. An erasure is a row that the database takes only when the case
-- has ended and its term is over, and only in the transaction that wrote such a row do the guards let records change.

-- ---------------------------------------------------------------------------------------- the terms

-- Of the owner's, who sets them with `setup`; no process changes them. Days from the end of the case.
create table migration.erasure_terms (
    kind text    primary key check (kind in ('accesses', 'case', 'customer')),
    days integer not null check (days between 0 and 36500)
);
insert into migration.erasure_terms (kind, days) values
    ('accesses', 183),   -- who used a download link: six months (Marco Civil da Internet, article 15)
    ('case', 1826),      -- what was asked, said and written: five years (CDC article 27; Código Civil article 206, § 5, I)
    ('customer', 1826);  -- who the customer was, once the last case is over

-- ---------------------------------------------------------------------------------------- erasures

-- That something was erased, when, by whom and how much of it: append-only, without a word of what it was.
create table crm.erasures (
    erasure_id  bigint      primary key generated always as identity,
    customer_id text        not null,
    case_id     text        references crm.cases,  -- null: the customer
    kind        text        not null references migration.erasure_terms,
    term_days   integer     not null,
    at          timestamptz not null,
    actor       text        not null check (actor ~ '\S'),
    erased      jsonb       not null default '{}', -- how many rows, by table
    xid         xid8,                              -- of the transaction while it erases
    check ((case_id is null) = (kind = 'customer'))
);
create index erasures_of_customer on crm.erasures (customer_id, case_id, kind);

-- Whether this transaction erases. Asked only where a guard is about to refuse.
create function migration.is_erasing() returns boolean language sql stable security definer
set search_path = pg_catalog, pg_temp as
    $$ select exists (select from crm.erasures e where e.xid = pg_current_xact_id_if_assigned()) $$;

-- From when something may be erased; null: not yet to be said, for a case is open or the customer is one.
create function crm.erasable_at(kind text, customer text, of_case text) returns timestamptz language sql stable
security definer set search_path = pg_catalog, pg_temp as $$
    select case when bool_and(c.ended_at is not null) and (
            erasable_at.kind <> 'customer'
            or not exists (select from crm.customers k where k.customer_id = customer and k.status <> 'Cancelado'))
        then max(c.ended_at) + (select t.days from migration.erasure_terms t where t.kind = erasable_at.kind) * interval '1 day'
        end
    from crm.cases c
    where c.customer_id = customer and (of_case is null or c.case_id = of_case)
$$;

create function crm.erase_in_time() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    allowed timestamptz := crm.erasable_at(new.kind, new.customer_id, new.case_id);
begin
    if new.at > clock_timestamp() and not (select c.is_virtual from migration.clock c) then
        raise exception 'crm.erasures: an instant that the clock has not reached'
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if allowed is null or new.at < allowed then
        raise exception 'crm.erasures: the term is not over' using errcode = 'restrict_violation',
            constraint = 'erased_after_its_term';
    end if;
    select t.days into new.term_days from migration.erasure_terms t where t.kind = new.kind;
    new.xid := pg_current_xact_id();
    return new;
end $$;

create trigger in_time before insert on crm.erasures for each row execute function crm.erase_in_time();
create trigger no_removal before delete or truncate on crm.erasures
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.erasures for each row when (old.xid is not null)
    execute function crm.change_only('erased', 'xid');
create trigger never_changes after update on crm.erasures for each row when (old.xid is null)
    execute function crm.change_only();

-- ---------------------------------------------------------------------------------------- the guards let it pass

create or replace function crm.refuse_removal() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and migration.is_erasing() then
        return null;
    end if;
    raise exception '%.%: rows are never removed', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation';
end $$;

create or replace function crm.change_only() returns trigger language plpgsql as $$
begin
    if to_jsonb(old) - coalesce(tg_argv, '{}') is distinct from to_jsonb(new) - coalesce(tg_argv, '{}')
        and not migration.is_erasing()
    then
        raise exception '%.%: a column that never changes was changed', tg_table_schema, tg_table_name
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;

create or replace function crm.set_once() returns trigger language plpgsql as $$
declare
    name text;
begin
    foreach name in array tg_argv loop
        if to_jsonb(old) -> name <> 'null'::jsonb and to_jsonb(old) -> name is distinct from to_jsonb(new) -> name
            and not migration.is_erasing()
        then
            raise exception '%.%.%: set once and for all', tg_table_schema, tg_table_name, name
                using errcode = 'restrict_violation';
        end if;
    end loop;
    return null;
end $$;

-- Of a trail entry the personal text may go, whole and with its salt; nothing else of it ever changes.
create function crm.refuse_other_than_erasure() returns trigger language plpgsql as $$
declare
    personal constant text[] := '{actor,detail,message_id,problems,salt}';
begin
    if new.salt is not null or to_jsonb(old) - personal is distinct from to_jsonb(new) - personal
        or not migration.is_erasing()
    then
        raise exception 'crm.trail is append-only' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

drop trigger append_only on crm.trail;
create trigger append_only before delete or truncate on crm.trail
    for each statement execute function crm.refuse_trail_change();
create trigger erased_only before update on crm.trail
    for each row execute function crm.refuse_other_than_erasure();

-- ---------------------------------------------------------------------------------------- what is erased

-- E-mails, with everything that was kept about them; the bytes only where no other record rests on them.
create function crm.erase_mails(deliveries text[], contents text[]) returns jsonb language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    messages integer;
    tasks integer;
    originals integer;
begin
    delete from inbox.messages m where m.id = any(deliveries);
    get diagnostics messages = row_count;
    delete from crm.mail_tasks t
    where t.sha256 = any(contents) and not exists (select from inbox.messages m where m.sha256 = t.sha256);
    get diagnostics tasks = row_count;
    delete from crm.originals o
    where o.sha256 = any(contents)
        and not exists (select from inbox.messages m where m.sha256 = o.sha256)
        and not exists (select from crm.mail_tasks t where t.sha256 = o.sha256)
        and not exists (select from crm.mail_decisions d where d.original_sha256 = o.sha256)
        and not exists (
            select from crm.formalizations f, jsonb_array_elements(f.mails) mail
            where mail ->> 'original_sha256' = o.sha256);
    get diagnostics originals = row_count;
    return jsonb_build_object('inbox.messages', messages, 'crm.mail_tasks', tasks, 'crm.originals', originals,
                              'deliveries', to_jsonb(deliveries));
end $$;

create function crm.erase_case(of_case text) returns jsonb language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    gone constant text := '(apagado)';
    one record;
    deliveries text[];
    contents text[];
    counts jsonb := '{}';
    n integer;
begin
    select * into one from crm.cases c where c.case_id = of_case for update;

    -- The case's e-mails: of its trail, its formalization, its decisions, and whatever else the customer sent until its
    -- end, unless a later case rests on it. Found before their names go.
    with named as (
        select t.message_id from crm.trail t where t.case_id = of_case and t.message_id is not null
        union select d.message_id from crm.mail_decisions d where d.case_id = of_case
        union select mail ->> 'message_id' from crm.formalizations f, jsonb_array_elements(f.mails) mail
            where f.case_id = of_case
    ), others as (
        select t.message_id from crm.trail t join crm.cases c using (case_id)
        where c.customer_id = one.customer_id and t.case_id <> of_case and t.message_id is not null
    )
    select coalesce(array_agg(m.id), '{}'), coalesce(array_agg(m.sha256), '{}') into deliveries, contents
    from inbox.messages m
    where (m.reported_as in (select message_id from named)
            or (m.customer_id = one.customer_id and m.received_at <= one.ended_at))
        and m.reported_as not in (select message_id from others);
    select contents || coalesce(array_agg(kept.sha256), '{}') into contents from (
        select d.original_sha256 as sha256 from crm.mail_decisions d
        where d.case_id = of_case and d.original_sha256 is not null
        union select mail ->> 'original_sha256' from crm.formalizations f, jsonb_array_elements(f.mails) mail
            where f.case_id = of_case and mail ->> 'original_sha256' is not null
    ) kept;

    update crm.trail set actor = gone, detail = gone, message_id = null, problems = '[]', salt = null
    where case_id = of_case and salt is not null;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('crm.trail', n);

    update crm.cases c
    set request = jsonb_build_object('channel', c.request -> 'channel', 'text', gone, 'contact', '{}'::jsonb,
                                     'actor', gone, 'at', c.request -> 'at')
    where c.case_id = of_case and c.request ->> 'text' is distinct from gone;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('crm.cases', n);

    -- A key may hold the name of a message or a number.
    update crm.tasks t
    set title = gone, text = gone,
        key = case when t.key ~ '^[a-z0-9_]+$' then t.key else split_part(t.key, ':', 1) || ':apagado-' || r.place end
    from (select key, row_number() over (order by ordered_at, key) as place from crm.tasks where case_id = of_case) r
    where t.case_id = of_case and t.key = r.key and t.text <> gone;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('crm.tasks', n);

    update crm.desk_acts
    set act_id = 'apagado-' || seq, actor = gone, words = gone, subject = gone
    where case_id = of_case and words <> gone;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('crm.desk_acts', n);

    update crm.retention
    set reason_text = case when reason_text is not null then gone end,
        decided_by = case when decided_by is not null then gone end
    where case_id = of_case and reason_text is distinct from gone;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('crm.retention', n);

    update crm.offers set description = gone, actor = gone where case_id = of_case and description <> gone;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('crm.offers', n);

    update crm.formalizations f
    set message_id = gone, sender = gone, subject = gone, reason = gone, recipients = f.required_mailboxes,
        confirmed_by = case when f.confirmed_by is not null then gone end, original_sha256 = null, original_ref = null,
        mails = (
            select jsonb_agg(jsonb_build_object(
                'message_id', gone, 'sender', 'apagado@apagado.invalid', 'recipients', to_jsonb(f.required_mailboxes),
                'received_at', mail -> 'received_at', 'explicit_request', mail -> 'explicit_request',
                'authentication', mail -> 'authentication',
                'confirmed_by', case when mail ->> 'confirmed_by' is not null then gone end) order by place)
            from jsonb_array_elements(f.mails) with ordinality as each (mail, place))
    where f.case_id = of_case and f.sender <> gone;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('crm.formalizations', n);

    delete from crm.mail_decisions where case_id = of_case;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('crm.mail_decisions', n);
    counts := counts || crm.erase_mails(deliveries, contents);

    update notification.recipients r
    set address = 'apagado-' || r.place, reply = case when r.reply is not null then gone end
    from notification.outbox o
    where o.key = r.key and o.case_id = of_case and r.address not like 'apagado-%';
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('notification.recipients', n);
    update notification.outbox
    set subject = gone, content = '', content_is_whole = false, told = null,
        last_error = case when last_error is not null then gone end
    where case_id = of_case and subject <> gone;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('notification.outbox', n);

    -- The names of recordings say who called whom.
    update recordings.links set left_out = '{}' where case_id = of_case and left_out <> '{}';
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('recordings.links', n);
    update recordings.removals d set path = 'apagado/' || r.place
    from (select path, row_number() over (order by path) as place from recordings.removals where case_id = of_case) r
    where d.case_id = of_case and d.path = r.path and d.path not like 'apagado/%';
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('recordings.removals', n);

    update telephony.resources set label = gone where warrant_case = of_case and label <> gone;
    get diagnostics n = row_count;
    counts := counts || jsonb_build_object('telephony.resources', n);
    update telephony.platform_acts d set platform_id = 'apagado-' || r.place
    from (
        select act, kind, platform_id, row_number() over (order by kind, platform_id, act) as place
        from telephony.platform_acts where case_id = of_case
    ) r
    where d.case_id = of_case and (d.act, d.kind, d.platform_id) = (r.act, r.kind, r.platform_id)
        and d.platform_id not like 'apagado-%';
    get diagnostics n = row_count;
    return counts || jsonb_build_object('telephony.platform_acts', n);
end $$;

create function crm.erase_accesses(of_case text, until timestamptz) returns jsonb language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    n integer;
begin
    update recordings.accesses set address = '(apagado)'
    where case_id = of_case and at <= until and address <> '(apagado)';
    get diagnostics n = row_count;
    return jsonb_build_object('recordings.accesses', n);
end $$;

create function crm.erase_customer(customer text, until timestamptz) returns jsonb language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    deliveries text[];
    contents text[];
    named integer;
    contacts integer;
    labels integer;
begin
    update crm.customers set name = '(apagado)', cnpj = null
    where customer_id = customer and (name <> '(apagado)' or cnpj is not null);
    get diagnostics named = row_count;
    delete from crm.authorised_contacts where customer_id = customer;
    get diagnostics contacts = row_count;
    -- What the customer sent to no case.
    select coalesce(array_agg(m.id), '{}'), coalesce(array_agg(m.sha256), '{}') into deliveries, contents
    from inbox.messages m
    where m.customer_id = customer and m.received_at <= until
        and not exists (
            select from crm.trail t join crm.cases c using (case_id)
            where c.customer_id = customer and t.message_id = m.reported_as);
    delete from crm.mail_decisions where customer_id = customer and case_id is null and decided_at <= until;
    get diagnostics labels = row_count;
    return jsonb_build_object('crm.customers', named, 'crm.authorised_contacts', contacts, 'crm.mail_decisions', labels)
        || crm.erase_mails(deliveries, contents);
end $$;

-- Erase one kind of one case (or of the customer), once its term is over; answers with the rows by table, and with the
-- deliveries whose e-mails are gone. Asked again, it erases what has come since; where nothing has, no second record stays.
create function crm.erase(kind text, customer text, of_case text, at timestamptz, actor text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    this bigint;
    until timestamptz := erase.at - (select t.days from migration.erasure_terms t where t.kind = erase.kind) * interval '1 day';
    counts jsonb;
    deliveries jsonb;
begin
    insert into crm.erasures (customer_id, case_id, kind, term_days, at, actor)
    values (customer, of_case, erase.kind, 0, erase.at, erase.actor) returning erasure_id into this;
    counts := case erase.kind
        when 'case' then crm.erase_case(of_case)
        when 'accesses' then crm.erase_accesses(of_case, until)
        else crm.erase_customer(customer, until) end;
    deliveries := coalesce(counts -> 'deliveries', '[]');
    counts := counts - 'deliveries';
    select coalesce(jsonb_object_agg(key, value), '{}') into counts from jsonb_each(counts) where value <> '0';
    if counts = '{}' and exists (
        select from crm.erasures e
        where e.customer_id = customer and e.case_id is not distinct from of_case and e.kind = erase.kind
            and e.erasure_id <> this)
    then
        delete from crm.erasures e where e.erasure_id = this;
    else
        update crm.erasures e set erased = counts, xid = null where e.erasure_id = this;
    end if;
    return jsonb_build_object('rows', counts, 'deliveries', deliveries);
end $$;

revoke execute on function crm.erasable_at(text, text, text), crm.erase_mails(text[], text[]), crm.erase_case(text), crm.erase_accesses(text, timestamptz),
    crm.erase_customer(text, timestamptz), crm.erase(text, text, text, timestamptz, text) from public;
