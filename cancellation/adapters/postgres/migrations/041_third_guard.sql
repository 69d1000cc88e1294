-- The third guard by its own words (P19): PostgreSQL takes no act that its own clock has not reached and no notice that is
-- shorter than the case's policy, and a formalization says whether its e-mails are kept.

-- ---------------------------------------------------------------------------------------- the clock

-- Where time is skipped, for demonstration and tests, the owner marks the database as virtual; no process can.
create table migration.clock (
    only_row   boolean     primary key default true check (only_row),
    is_virtual boolean     not null default false,
    marked_at  timestamptz not null default now()
);
insert into migration.clock default values;

-- Asked only for a row that is ahead. Not a constraint's error: when the clock has come there, the same act passes.
create function crm.refuse_ahead_of_the_clock() returns trigger language plpgsql as $$
begin
    if not (select c.is_virtual from migration.clock c) then
        raise exception '%.%: an instant that the clock has not reached', tg_table_schema, tg_table_name
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    return null;
end $$;

create trigger not_ahead_of_the_clock after insert or update on telephony.resources for each row
    when (greatest(new.deactivated_at, new.released_at) > clock_timestamp())
    execute function crm.refuse_ahead_of_the_clock();
create trigger not_ahead_of_the_clock after insert or update on telephony.numbers for each row
    when (greatest(new.deactivated_at, new.released_at) > clock_timestamp())
    execute function crm.refuse_ahead_of_the_clock();
create trigger not_ahead_of_the_clock after insert or update on telephony.platform_acts for each row
    when (greatest(new.ordered_at, new.done_at) > clock_timestamp())
    execute function crm.refuse_ahead_of_the_clock();
create trigger not_ahead_of_the_clock after insert or update on billing.subscriptions for each row
    when (new.stopped_at > clock_timestamp()) execute function crm.refuse_ahead_of_the_clock();
create trigger not_ahead_of_the_clock after insert or update on billing.invoices for each row
    when (new.issued_at > clock_timestamp()) execute function crm.refuse_ahead_of_the_clock();
create trigger not_ahead_of_the_clock after insert or update on recordings.removals for each row
    when (new.ordered_at > clock_timestamp()) execute function crm.refuse_ahead_of_the_clock();
create trigger not_ahead_of_the_clock after insert or update on crm.destructive_acts for each row
    when (new.ordered_at > clock_timestamp()) execute function crm.refuse_ahead_of_the_clock();
-- A notice that counts from the future would be one that nobody has asked for yet (P8).
create trigger not_ahead_of_the_clock after insert on crm.formalizations for each row
    when (new.received_at > clock_timestamp()) execute function crm.refuse_ahead_of_the_clock();

-- ---------------------------------------------------------------------------------------- the policy's notice

-- Of how many days the notice is by the policy that the case carries from its start (P8). Cases of before, and those that
-- a worker of before opens while both versions run, say nothing.
alter table crm.cases add column notice_days integer not null default 0 check (notice_days >= 0);

create function crm.formalize_as_the_policy_says() returns trigger language plpgsql as $$
begin
    if new.notice_days < (select c.notice_days from crm.cases c where c.case_id = new.case_id) then
        raise exception 'crm.formalizations: the notice is shorter than the policy of its case'
            using errcode = 'restrict_violation', constraint = 'notice_of_the_policy_p8';
    end if;
    return null;
end $$;
create trigger as_the_policy_says after insert on crm.formalizations
    for each row execute function crm.formalize_as_the_policy_says();

-- ---------------------------------------------------------------------------------------- originals

-- Whether every e-mail that counts is kept here byte for byte, as the database saw it (P11). Other systems may report
-- an e-mail and keep it themselves; whoever looks at such a notice sees that nothing here proves it.
alter table crm.formalizations add column originals_kept boolean not null default false;

create function crm.note_originals() returns trigger language plpgsql as $$
begin
    new.originals_kept := not exists (
        select from jsonb_path_query(new.mails, '$[*]') mail
        where not exists (select from crm.originals o where o.sha256 = mail ->> 'original_sha256'));
    return new;
end $$;
create trigger originals_noted before insert on crm.formalizations
    for each row execute function crm.note_originals();
