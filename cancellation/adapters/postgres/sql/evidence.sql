-- Queries of a case's dossier (X13). They read, all of them in one snapshot.

-- name: case
select c.case_id, c.customer_id, c.workflow_id, c.protocol, c.stage, c.opened_at, c.request, c.outcome, c.ended_at,
    c.trail_seq, encode(c.trail_head, 'hex') as trail_head, k.name as company, k.cnpj, k.contract,
    coalesce(k.contacts, '[]') as contacts,
    r.reason_category, r.reason_text, r.outcome as decision, r.decided_by, r.decided_at
from crm.cases c
left join crm.customer_cards k using (customer_id)
left join crm.retention r using (case_id)
where c.protocol = upper($1) or c.case_id = $1 or c.workflow_id = $1 or c.customer_id = $1
order by c.protocol = upper($1) or c.case_id = $1 desc, c.opened_at desc
limit 1;

-- name: stages
select stage, at from crm.stage_changes where case_id = $1 order by at, stage;

-- name: trail
select seq, at, actor, kind, detail, message_id, problems, encode(salt, 'hex') as salt,
    encode(commitment, 'hex') as commitment, encode(hash, 'hex') as hash
from crm.trail where case_id = $1 order by seq;

-- name: offers
select offer_id, kind, description, status, actor, at from crm.offers where case_id = $1 order by at, offer_id;

-- name: formalization
select message_id, sender, recipients, received_at, subject, reason, authentication, confirmed_by, mails,
    required_mailboxes, originals_kept, notice_days, clause, received_on, last_day, end_offset_minutes, notice_ends_at,
    in_force, revoked_at
from crm.formalizations where case_id = $1;

-- name: decisions
select message_id, original_sha256, is_request, reason, decided_by, decided_at
from crm.mail_decisions where case_id = $1 order by decided_at, message_id;

-- name: originals
-- E-mails that the case was told of or that a person decided about, by the first delivery of each content.
with told as (
    select m.sha256 from inbox.messages m join crm.trail t on t.message_id = m.reported_as where t.case_id = $1
    union
    select mail ->> 'original_sha256' from crm.formalizations f, jsonb_array_elements(f.mails) mail where f.case_id = $1
    union
    select original_sha256 from crm.mail_decisions where case_id = $1
)
select o.sha256, o.raw, o.kept_at, m.message_id, m.received_at, coalesce(m.envelope, '{}') as envelope, m.source,
    m.action, m.fate, coalesce(m.why, '[]') as why,
    (select mail ->> 'authentication' from crm.formalizations f, jsonb_array_elements(f.mails) mail
     where f.case_id = $1 and mail ->> 'original_sha256' = o.sha256 limit 1) as authentication,
    coalesce((
        select jsonb_agg(jsonb_build_object('domain', k.domain, 'selector', k.selector, 'record', k.record,
                                            'looked_up_at', k.looked_up_at) order by k.domain, k.selector)
        from inbox.signing_keys k where k.sha256 = o.sha256), '[]') as keys
from told
join crm.originals o using (sha256)
left join lateral (
    select * from inbox.messages i where i.sha256 = o.sha256 order by i.seq limit 1
) m on true
order by coalesce(m.received_at, o.kept_at), o.sha256;

-- name: letters
select message_id, kind, audience, subject, content, content_is_whole, content_sha256, written_at, status, attempts,
    last_attempt_at, last_error, settled_at, told,
    coalesce((
        select jsonb_agg(jsonb_build_object('address', r.address, 'status', r.status, 'reply', r.reply,
                                            'settled_at', r.settled_at) order by r.place)
        from notification.recipients r where r.key = o.key), '[]') as deliveries
from notification.outbox o where case_id = $1 order by written_at, key;

-- name: links
select ordinal, download_name, files, size, sha256, made_at, expires_at, revoked_at, left_out_count
from recordings.links where case_id = $1 order by ordinal;

-- name: accesses
select l.ordinal, a.at, a.address, a.kind, a.bytes
from recordings.accesses a join recordings.links l using (link_id)
where a.case_id = $1 order by a.access_id;

-- name: removed_recordings
select count(*) from recordings.removals where case_id = $1 and removed and kind = 'recording';

-- name: acts
select act, ordered_at from crm.destructive_acts where case_id = $1 order by ordered_at, act;

-- name: resources
select kind, resource_id, status, deactivated_at, released_at from telephony.resources where warrant_case = $1
union all
select 'number', number, status, deactivated_at, released_at from telephony.numbers where warrant_case = $1
order by kind, resource_id;

-- name: ports
select number, status, operator, at from telephony.portability where case_id = $1 order by at, id;

-- name: subscriptions
select description, monthly, stopped_on, stopped_at
from billing.subscriptions where warrant_case = $1 order by description, subscription_id;

-- name: voided
select c.charge_id, s.description, c.first_day, c.last_day, c.amount, c.void_reason, c.voided_at
from billing.charges c join billing.subscriptions s using (subscription_id)
where c.void_case = $1 and c.status = 'void' order by c.voided_at, c.first_day, c.charge_id;

-- name: invoice
select i.invoice_id, i.last_day, i.issued_at, i.total, i.due_on,
    coalesce((
        select jsonb_agg(jsonb_build_object(
            'description', l.description, 'kind', l.kind, 'first_day', l.first_day, 'last_day', l.last_day,
            'days', l.days, 'period_days', l.period_days, 'amount', l.amount::text) order by l.position)
        from billing.invoice_lines l where l.invoice_id = i.invoice_id), '[]') as lines
from billing.invoices i where case_id = $1;

-- name: in_use
select (select count(*) from telephony.resources where customer_id = $1 and released_at is null) as resources_in_use,
    (select count(*) from telephony.numbers where customer_id = $1 and released_at is null and port_id is null)
        as numbers_in_use;

-- name: tasks
select key, team, title, due_on, ordered_at, closed_at from crm.tasks where case_id = $1 order by ordered_at, key;

-- name: notes
select at, actor, kind, subject, words from crm.desk_acts where case_id = $1 order by seq;

-- name: watch
select settled_at, encode(acts_head, 'hex') as head from crm.billing_watches where case_id = $1;

-- name: watch_acts
select seq, look, at, actor, kind, key, detail, facts, encode(salt, 'hex') as salt,
    encode(commitment, 'hex') as commitment, encode(hash, 'hex') as hash
from crm.watch_acts where case_id = $1 order by seq;
