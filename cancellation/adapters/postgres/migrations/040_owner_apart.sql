-- The owner is apart (P19, P20): processes run as roles that may do what their statements need (`grants/`), so what the
-- database itself writes along with their rows is written as the owner.

-- A name that a caller's own search path would find first must not count inside.
alter function crm.chain_trail() security definer set search_path = pg_catalog, pg_temp;
alter function crm.note_stage() security definer set search_path = pg_catalog, pg_temp;
-- Nobody hangs them on a table of their own.
revoke execute on function crm.chain_trail(), crm.note_stage() from public;

-- The head of a trail moves with the trail alone, whoever asks.
create function crm.refuse_trail_head() returns trigger language plpgsql as $$
begin
    raise exception 'crm.cases: the head of a trail moves with its entries alone' using errcode = 'restrict_violation';
end $$;
create trigger trail_head_moves_with_the_trail before update of trail_seq, trail_head on crm.cases for each row
    when (pg_trigger_depth() = 0)
    execute function crm.refuse_trail_head();
create trigger trail_begins_empty before insert on crm.cases for each row
    when (new.trail_seq <> 0 or new.trail_head <> decode(repeat('00', 32), 'hex'))
    execute function crm.refuse_trail_head();

-- For figures: whoever draws them need not read what people wrote in their request (X26).
alter table crm.cases add column channel text generated always as (request ->> 'channel') stored;
