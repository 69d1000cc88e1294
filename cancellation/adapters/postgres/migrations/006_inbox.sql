-- Incoming mail: every delivery and what became of it, and the e-mails that a person has to read (P11, X2, X9).
--
-- The bytes lie in crm.originals before anything is known about them. A row here is registered before anything
-- is done and settled afterwards, so that an e-mail is acted upon once, however often it is delivered or a
-- process dies in between.

create schema inbox;

create table inbox.messages (
    id             text        primary key,     -- the delivery's workflow id: bytes and recipients
    seq            bigint      generated always as identity,
    sha256         text        not null references crm.originals,
    message_id     text        not null,
    content_sha256 text        not null check (content_sha256 ~ '^[0-9a-f]{64}$'),
    reported_as    text        not null,        -- the message id in reports to the case
    received_at    timestamptz not null,        -- the receiving server's clock (P8)
    envelope       text[]      not null,
    source         text        not null,
    registered_at  timestamptz not null default now(),
    action         text,                        -- what the reader decided
    fate           text        check (fate in ('opened', 'reported', 'task', 'recorded')),
    customer_id    text,
    why            jsonb       check (jsonb_typeof(why) = 'array'),
    handled_at     timestamptz,
    check ((fate is null) = (handled_at is null) and (action is null) = (handled_at is null))
);
create index messages_by_message_id on inbox.messages (message_id, seq);
create index messages_by_report on inbox.messages (reported_as, seq);
create index messages_by_original on inbox.messages (sha256);
create index unhandled_messages on inbox.messages (registered_at) where handled_at is null;

create trigger no_removal before delete or truncate on inbox.messages
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on inbox.messages for each row
    execute function crm.change_only('action', 'fate', 'customer_id', 'why', 'handled_at');
create trigger set_once after update on inbox.messages for each row
    execute function crm.set_once('action', 'fate', 'customer_id', 'why', 'handled_at');

-- Commercial's tasks outside of a case: one an e-mail, whichever of its copies came first.
create table crm.mail_tasks (
    sha256      text        primary key references crm.originals,
    reported_as text        not null unique,
    customer_id text,                           -- null when nobody knows whose it is
    title       text        not null,
    text        text        not null,
    opened_at   timestamptz not null,
    closed_at   timestamptz,
    closed_by   text        check (closed_by ~ '\S'),
    check ((closed_at is null) = (closed_by is null))
);
create index open_mail_tasks on crm.mail_tasks (opened_at) where closed_at is null;

create trigger no_removal before delete or truncate on crm.mail_tasks
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.mail_tasks for each row
    execute function crm.change_only('closed_at', 'closed_by');
create trigger set_once after update on crm.mail_tasks for each row
    execute function crm.set_once('closed_at', 'closed_by');
