-- The worker, and the commands that people type with its environment: everything that a case does to the records, and
-- nothing that it does not. No row is ever removed; what is written once (trail, originals, acts) cannot be written over.
grant usage on schema crm, billing, telephony, recordings, notification, inbox, reconciliation to cancelamento_worker;

grant select on crm.customers, crm.authorised_contacts, crm.customer_cards, crm.cases, crm.tasks, crm.trail,
    crm.originals, crm.formalizations, crm.destructive_acts, crm.retention, crm.offers, crm.mail_tasks, crm.mail_decisions,
    crm.stage_changes, crm.desk_acts, crm.billing_watches, crm.watch_acts to cancelamento_worker;
grant select (customer_id, case_id, kind) on crm.erasures to cancelamento_worker;
grant insert on crm.cases, crm.tasks, crm.trail, crm.originals, crm.formalizations, crm.destructive_acts, crm.retention,
    crm.offers, crm.mail_tasks, crm.mail_decisions, crm.billing_watches, crm.watch_acts to cancelamento_worker;
grant update (settled_at) on crm.billing_watches to cancelamento_worker;
grant update (status, status_at) on crm.customers to cancelamento_worker;
grant update (email) on crm.authorised_contacts to cancelamento_worker;
grant update (stage, changed_at, outcome, ended_at) on crm.cases to cancelamento_worker;
grant update (team, title, text, due_on, ordered_at, closed_at) on crm.tasks to cancelamento_worker;
grant update (closed_at, closed_by) on crm.mail_tasks to cancelamento_worker;
grant update (in_force, revoked_at) on crm.formalizations to cancelamento_worker;
grant update (outcome, reason_category, reason_text, decided_by, decided_at) on crm.retention to cancelamento_worker;
grant update (kind, description, status, actor, at) on crm.offers to cancelamento_worker;

grant select on billing.accounts, billing.subscriptions, billing.charges, billing.invoices, billing.invoice_lines,
    billing.end_plans, billing.receivables, billing.fiscal_documents to cancelamento_worker;
grant insert on billing.end_plans, billing.charges, billing.invoices, billing.invoice_lines to cancelamento_worker;
grant update (last_day, planned_at, state) on billing.end_plans to cancelamento_worker;
grant update (status, invoice_id, void_reason, void_case, voided_at) on billing.charges to cancelamento_worker;
grant update (status, ended_at, ended_case) on billing.fiscal_documents to cancelamento_worker;
grant update (stopped_on, stopped_at, warrant_case, warrant_notice_ends_at) on billing.subscriptions to cancelamento_worker;

grant select on telephony.resources, telephony.numbers, telephony.portability, telephony.platform_acts to cancelamento_worker;
grant insert on telephony.portability, telephony.platform_acts to cancelamento_worker;
grant update (deactivated_at, released_at, warrant_case, warrant_notice_ends_at) on telephony.resources
    to cancelamento_worker;
grant update (deactivated_at, released_at, warrant_case, warrant_notice_ends_at, port_id) on telephony.numbers
    to cancelamento_worker;
grant update (done_at) on telephony.platform_acts to cancelamento_worker;

grant select on recordings.links, recordings.revocations, recordings.removals, recordings.accesses to cancelamento_worker;
grant insert on recordings.links, recordings.revocations, recordings.removals to cancelamento_worker;
grant update (revoked_at) on recordings.links to cancelamento_worker;
grant update (removed) on recordings.removals to cancelamento_worker;

grant select, insert on notification.outbox, notification.recipients to cancelamento_worker;
grant update (attempts, last_attempt_at, last_error, status, settled_at) on notification.outbox to cancelamento_worker;
grant update (status, reply, settled_at) on notification.recipients to cancelamento_worker;

grant select, insert on inbox.messages to cancelamento_worker;
grant update (action, fate, customer_id, why, handled_at) on inbox.messages to cancelamento_worker;
grant select, insert on inbox.signing_keys to cancelamento_worker;

grant select, insert on reconciliation.runs, reconciliation.executions, reconciliation.findings, reconciliation.repairs
    to cancelamento_worker;
grant update (run_id, workflow_type, started_at, seen_at, wedged, held_trail, stage, notice_ends_at, trail_entries,
    trail_recorded, owes_crm) on reconciliation.executions to cancelamento_worker;
grant update (customer_id, case_id, protocol, crm, other, first_seen, last_seen, told_at, resolved_at)
    on reconciliation.findings to cancelamento_worker;
