-- The monitor counts rows and reads instants: no text, no name, no address, not even a customer's number.
grant usage on schema crm, notification, inbox, reconciliation to cancelamento_monitor;
grant select (case_id, stage, channel, opened_at, ended_at, outcome) on crm.cases to cancelamento_monitor;
grant select (case_id, stage, at) on crm.stage_changes to cancelamento_monitor;
grant select (case_id, received_at, notice_ends_at, in_force) on crm.formalizations to cancelamento_monitor;
grant select (case_id, key, ordered_at, closed_at) on crm.tasks to cancelamento_monitor;
grant select (opened_at, closed_at, quiet) on crm.mail_tasks to cancelamento_monitor;
grant select (kind) on crm.trail to cancelamento_monitor;
grant select (kind, counted) on crm.watch_acts to cancelamento_monitor;
grant select (case_id, kind, audience, status, written_at, settled_at) on notification.outbox to cancelamento_monitor;
grant select (action, fate, handled_at, received_at, registered_at, reported_as) on inbox.messages to cancelamento_monitor;
grant select (rule, resolved_at) on reconciliation.findings to cancelamento_monitor;
grant select (run_at) on reconciliation.runs to cancelamento_monitor;
