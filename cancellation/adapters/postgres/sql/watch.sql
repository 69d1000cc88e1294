-- Queries of the billing watch's record (X10).

-- name: watched
-- Closed cases whose watch is not over. One that closed without terms of its own is watched under $2, if its last day is not
-- before $3. One that was erased is over: what was done about it is known no more, and would be done again.
select c.case_id, c.customer_id, c.protocol, c.ended_at, f.last_day, coalesce(w.terms, $2) as terms,
    k.name as customer_name, k.cnpj, k.contract, k.status as customer_status, coalesce(k.contacts, '[]') as contacts,
    coalesce((
        select jsonb_agg(jsonb_build_object(
            'seq', a.seq, 'look', a.look, 'at', a.at, 'actor', a.actor, 'kind', a.kind, 'key', a.key,
            'detail', a.detail, 'found', a.facts::jsonb) order by a.seq)
        from crm.watch_acts a where a.case_id = c.case_id), '[]') as acts,
    coalesce((
        select jsonb_agg(jsonb_build_object('key', t.key, 'closed_at', t.closed_at) order by t.key)
        from crm.tasks t where t.case_id = c.case_id and t.key like 'watch\_%'), '[]') as tasks
from crm.cases c
join crm.formalizations f using (case_id)
left join crm.billing_watches w using (case_id)
left join crm.customer_cards k on k.customer_id = c.customer_id
where c.outcome = 'closed' and c.ended_at <= $1 and c.case_id > coalesce($4, '')
    and case
        when w.case_id is null then f.last_day >= $3 and ($2::jsonb ->> 'cycles')::integer > 0
        else w.settled_at is null and (w.terms ->> 'cycles')::integer > 0
    end
    and not exists (
        select from crm.erasures e where e.customer_id = c.customer_id and e.case_id = c.case_id and e.kind = 'case')
order by c.case_id
limit $5;

-- name: lock_watch
-- The watch's row, made where the case closed without one; its lock makes two looks queue.
select acts_seq from crm.billing_watches where case_id = $1 for update;

-- name: known_acts
select key from crm.watch_acts where case_id = $1 and key = any($2);

-- name: append_acts
-- Another act about a charge that has one is not counted.
insert into crm.watch_acts (case_id, seq, look, at, actor, kind, key, detail, facts, counted)
select $1, a.seq, a.look, $2, $3, a.kind, a.key, a.detail, a.facts,
    not exists (
        select from crm.watch_acts b
        where b.case_id = $1 and a.kind in ('voided', 'repay', 'review')
            and b.key in (select kind || substr(a.key, strpos(a.key, ':'))
                          from unnest('{voided,repay,review}'::text[]) kind))
from jsonb_to_recordset($4) as a (seq integer, look integer, kind text, key text, detail text, facts text)
order by a.seq;

-- name: settle_watch
update crm.billing_watches set settled_at = $2 where case_id = $1 and settled_at is null;
