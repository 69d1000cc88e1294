-- What the adapter keeps in Kamailio's own database: the rows that it took out of Kamailio's tables and that can
-- still be put back. Kamailio does not know this table, so nothing in it can ever be used to call.
create schema if not exists cancelamento;
create table if not exists cancelamento.parked (
    table_name  text        not null,
    row_id      integer     not null,
    kind        text        not null check (kind in ('extension', 'trunk', 'number', 'alias')),
    platform_id text        not null,
    domain      text        not null,
    ported      boolean     not null default false,
    case_id     text        not null,
    parked_at   timestamptz not null,
    content     jsonb       not null,
    primary key (table_name, row_id)
);
create index if not exists parked_of_domain on cancelamento.parked (domain);
