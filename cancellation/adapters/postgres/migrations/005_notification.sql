-- Outgoing mail: every letter before it is sent, and what became of it (P20, X12).
--
-- A row is written first, then the letter is sent, then the row is settled. Two attempts at one letter never run
-- at once (an advisory lock on its key); a process that dies between sending and settling sends again, with the
-- same Message-ID.

create schema notification;

create table notification.outbox (
    key              text        primary key,          -- case, kind, audience, ordinal: one letter, one row
    case_id          text        not null,
    kind             text        not null,
    audience         text        not null check (audience in ('customer', 'commercial', 'finance', 'support')),
    message_id       text        not null unique,
    subject          text        not null,
    content          bytea       not null,             -- the whole message, as it is sent
    content_is_whole boolean     not null,             -- false: the download link is left out, here and only here
    content_sha256   text        not null generated always as (encode(sha256(content), 'hex')) stored,
    written_at       timestamptz not null,             -- the case's instant; the others are the machine's clock
    status           text        not null default 'pending' check (status in ('pending', 'sent', 'refused')),
    attempts         integer     not null default 0 check (attempts >= 0),
    last_attempt_at  timestamptz,
    last_error       text,                             -- of the last attempt, without addresses
    settled_at       timestamptz,
    check ((status = 'pending') = (settled_at is null))
);
create index letters_of_case on notification.outbox (case_id, written_at);
create index pending_letters on notification.outbox (written_at) where status = 'pending';

create trigger no_removal before delete or truncate on notification.outbox
    for each statement execute function crm.refuse_removal();
-- The functions look at whole rows, letter and all: asked only when there is something to refuse.
create trigger only_changes after update on notification.outbox for each row
    when ((old.key, old.case_id, old.kind, old.audience, old.message_id, old.subject, old.content, old.content_is_whole,
           old.content_sha256, old.written_at)
          is distinct from
          (new.key, new.case_id, new.kind, new.audience, new.message_id, new.subject, new.content, new.content_is_whole,
           new.content_sha256, new.written_at))
    execute function crm.change_only('status', 'attempts', 'last_attempt_at', 'last_error', 'settled_at');
create trigger set_once after update on notification.outbox for each row
    when (old.settled_at is not null and old.settled_at is distinct from new.settled_at)
    execute function crm.set_once('settled_at');

-- One row an address. A letter is `sent` when somebody got it and nobody waits, `refused` when nobody got it.
create table notification.recipients (
    key        text        not null references notification.outbox,
    place      integer     not null,
    address    text        not null,
    status     text        not null default 'pending' check (status in ('pending', 'sent', 'refused')),
    reply      text,                                   -- the server's permanent refusal, without addresses
    settled_at timestamptz,
    primary key (key, place),
    unique (key, address),
    check ((status = 'pending') = (settled_at is null)),
    check ((status = 'refused') = (reply is not null))
);

create trigger no_removal before delete or truncate on notification.recipients
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on notification.recipients for each row
    execute function crm.change_only('status', 'reply', 'settled_at');
create trigger set_once after update on notification.recipients for each row
    execute function crm.set_once('settled_at', 'reply');
