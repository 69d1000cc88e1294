-- The DKIM keys of an e-mail as they were published when it was received: domains change theirs, and without the old one
-- nobody can check the signature any more (X13). A key that could not be looked up has no row.
create table inbox.signing_keys (
    sha256       text        not null references crm.originals,
    domain       text        not null,
    selector     text        not null,
    record       text,                       -- null: nothing was published there
    looked_up_at timestamptz not null,
    primary key (sha256, domain, selector)
);

create trigger no_removal before delete or truncate on inbox.signing_keys
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on inbox.signing_keys for each row execute function crm.change_only();

-- As in 081_erasure.sql; with the bytes of an e-mail its keys go, for they say which domain wrote.
create or replace function crm.erase_mails(deliveries text[], contents text[]) returns jsonb language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    messages integer;
    tasks integer;
    gone text[];
    keys integer;
    originals integer;
begin
    delete from inbox.messages m where m.id = any(deliveries);
    get diagnostics messages = row_count;
    delete from crm.mail_tasks t
    where t.sha256 = any(contents) and not exists (select from inbox.messages m where m.sha256 = t.sha256);
    get diagnostics tasks = row_count;
    select coalesce(array_agg(o.sha256), '{}') into gone from crm.originals o
    where o.sha256 = any(contents)
        and not exists (select from inbox.messages m where m.sha256 = o.sha256)
        and not exists (select from crm.mail_tasks t where t.sha256 = o.sha256)
        and not exists (select from crm.mail_decisions d where d.original_sha256 = o.sha256)
        and not exists (
            select from crm.formalizations f, jsonb_array_elements(f.mails) mail
            where mail ->> 'original_sha256' = o.sha256);
    delete from inbox.signing_keys k where k.sha256 = any(gone);
    get diagnostics keys = row_count;
    delete from crm.originals o where o.sha256 = any(gone);
    get diagnostics originals = row_count;
    return jsonb_build_object('inbox.messages', messages, 'crm.mail_tasks', tasks, 'inbox.signing_keys', keys,
                              'crm.originals', originals, 'deliveries', to_jsonb(deliveries));
end $$;
