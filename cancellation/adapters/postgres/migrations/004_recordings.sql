-- Call recordings: download links, who used them, and what was removed after the notice (P10).
--
-- The objects themselves lie in the object store. A row of `removals` is a destructive act: it carries its warrant
-- as described at the head of 001 and is written before its object is removed (P19).

create schema recordings;

create table recordings.links (
    link_id         text        primary key,
    case_id         text        not null,
    customer_id     text        not null,
    ordinal         integer     not null,
    archive_path    text        not null,
    download_name   text        not null,
    files           integer     not null check (files > 0),
    size            bigint      not null check (size > 0),          -- bytes
    sha256          text        not null check (sha256 ~ '^[0-9a-f]{64}$'),
    -- SHA-256 of the token, hexadecimal; the token is nowhere.
    token_hash      text        not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
    made_at         timestamptz not null,
    expires_at      timestamptz not null,
    revoked_at      timestamptz,
    unique (case_id, ordinal)
);
create index on recordings.links (customer_id);

create trigger no_removal before delete or truncate on recordings.links
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on recordings.links for each row
    execute function crm.change_only('revoked_at');
create trigger set_once after update on recordings.links for each row
    execute function crm.set_once('revoked_at');

-- From here on a case gets no new link, whatever an export that is still running believes.
create table recordings.revocations (
    case_id    text        primary key,
    revoked_at timestamptz not null
);
create trigger no_removal before delete or truncate on recordings.revocations
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on recordings.revocations for each row
    execute function crm.change_only();

create function recordings.refuse_dead_case() returns trigger language plpgsql as $$
begin
    perform 1 from recordings.revocations r where r.case_id = new.case_id;
    if found and new.revoked_at is null then
        raise exception 'recordings.links: the links of this case are dead' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger living_case_only before insert on recordings.links
    for each row execute function recordings.refuse_dead_case();

create table recordings.removals (
    case_id                text        not null,
    path                   text        not null,
    customer_id            text        not null,
    kind                   text        not null check (kind in ('recording', 'archive', 'staging')),
    size                   bigint      not null check (size >= 0),
    ordered_at             timestamptz not null,
    removed                boolean     not null default false,
    warrant_notice_ends_at timestamptz not null,
    warrant_in_force       boolean     generated always as (true) stored,
    primary key (case_id, path),
    constraint removed_by_warrant check (ordered_at >= warrant_notice_ends_at),
    constraint removed_by_formalization
        foreign key (case_id, customer_id, warrant_notice_ends_at, warrant_in_force)
        references crm.formalizations (case_id, customer_id, notice_ends_at, in_force)
);
create index on recordings.removals (case_id) where not removed;

create trigger no_removal before delete or truncate on recordings.removals
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on recordings.removals for each row
    execute function crm.change_only('removed');

create table recordings.accesses (
    access_id bigint      primary key generated always as identity,
    case_id   text        not null,
    link_id   text        not null references recordings.links,
    at        timestamptz not null,
    address   text        not null,
    kind      text        not null check (kind in ('page', 'file', 'redirect', 'dead')),
    -- Bytes handed over; null while the transfer runs, or when the gateway died in the middle of it.
    bytes     bigint      check (bytes >= 0)
);
create index on recordings.accesses (case_id, access_id);

create trigger no_removal before delete or truncate on recordings.accesses
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on recordings.accesses for each row
    execute function crm.change_only('bytes');
create trigger set_once after update on recordings.accesses for each row
    execute function crm.set_once('bytes');
