-- Nobody's mail is dropped (X15), and what people decide about it is kept as a label for the reader (X14).

alter table inbox.messages
    drop constraint messages_fate_check,
    add constraint messages_fate_check
        check (fate in ('opened', 'reported', 'undecided', 'task', 'automatic', 'own', 'recorded'));
create index messages_of_customer on inbox.messages (customer_id, received_at) where customer_id is not null;

alter table crm.mail_tasks
    add column quiet boolean not null default false;  -- a task alone: no letter, no reminders

create table crm.mail_decisions (
    message_id      text        not null,            -- as it was reported
    original_sha256 text,
    case_id         text        references crm.cases, -- null: the e-mail belongs to no case
    customer_id     text,
    is_request      boolean     not null,
    reason          text,
    decided_by      text        not null check (decided_by ~ '\S'),
    decided_at      timestamptz not null,
    primary key (message_id, decided_at)
);
create index decisions_of_original on crm.mail_decisions (original_sha256);

create trigger no_removal before delete or truncate on crm.mail_decisions
    for each statement execute function crm.refuse_removal();
create trigger only_changes after update on crm.mail_decisions for each row execute function crm.change_only();
