-- The desk reads what it shows, and writes what people note beside a case; a case moves by its facts alone (X24).
grant usage on schema crm, billing, telephony, notification, inbox, desk, reconciliation to cancelamento_desk;
grant select on crm.customers, crm.authorised_contacts, crm.customer_cards, crm.cases, crm.tasks, crm.trail,
    crm.originals, crm.formalizations, crm.mail_tasks, crm.stage_changes, crm.retention, crm.offers, crm.desk_acts,
    crm.mail_decisions, crm.watch_acts to cancelamento_desk;
grant insert on crm.desk_acts, crm.mail_decisions to cancelamento_desk;
grant update (closed_at) on crm.tasks to cancelamento_desk;
grant update (closed_at, closed_by) on crm.mail_tasks to cancelamento_desk;
grant select on billing.accounts, billing.subscriptions to cancelamento_desk;
grant select on telephony.numbers to cancelamento_desk;
grant select on notification.outbox, notification.recipients to cancelamento_desk;
grant select on inbox.messages to cancelamento_desk;
grant select on reconciliation.findings, reconciliation.repairs to cancelamento_desk;
grant select (run_at) on reconciliation.runs to cancelamento_desk;
grant select, insert, delete on desk.sessions to cancelamento_desk;
grant update (seen_at) on desk.sessions to cancelamento_desk;
