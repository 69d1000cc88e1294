-- Whoever draws figures of a period (X26): no texts, no addresses, no telephone numbers.
grant usage on schema crm, billing, inbox to cancelamento_reports;
grant select (case_id, customer_id, protocol, channel, opened_at, ended_at, outcome) on crm.cases to cancelamento_reports;
grant select (customer_id, name) on crm.customers to cancelamento_reports;
grant select (case_id, outcome, reason_category, decided_by, decided_at) on crm.retention to cancelamento_reports;
grant select (case_id, kind, status) on crm.offers to cancelamento_reports;
grant select on crm.stage_changes to cancelamento_reports;
grant select (key, ordered_at) on crm.tasks to cancelamento_reports;
grant select (opened_at) on crm.mail_tasks to cancelamento_reports;
grant select (customer_id, monthly, started_on, ended_on, stopped_on) on billing.subscriptions to cancelamento_reports;
grant select (reported_as, received_at) on inbox.messages to cancelamento_reports;
