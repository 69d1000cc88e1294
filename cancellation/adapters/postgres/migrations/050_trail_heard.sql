-- Whoever listens on the channel `crm_trail` hears of every trail entry when it is committed, one JSON object each
-- (`cancelamento up` shows them); nobody has to ask again and again. The trail itself stays the record: what nobody
-- heard stands there. Sentences are cut, for a notification holds 8000 bytes.

create function crm.tell_trail() returns trigger language plpgsql as $$
begin
    perform pg_notify('crm_trail', entry::text)
    from (
        select json_build_object(
            'customer_id', c.customer_id, 'protocol', c.protocol, 'seq', a.seq, 'at', a.at, 'kind', a.kind,
            'detail', left(a.detail, 500)) as entry
        from added a
        join crm.cases c using (case_id)
        order by case_id, a.seq
    ) in_order;
    return null;
end $$;

create trigger tell after insert on crm.trail referencing new table as added
    for each statement execute function crm.tell_trail();
