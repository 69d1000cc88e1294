-- Customers whose cases have closed forty days before :now, with a year of paid charges each; of some of them charges were
-- slipped in afterwards, or an extension is in use again (X10). What is :settled has been watched to the end.

create temporary table world on commit drop as
select i, 'c' || i as customer, 'case-' || i as case_id, 'pabx-' || i as pabx, day - 30 as received_on, day as last_day,
    (day + 1)::timestamp at time zone 'UTC' + interval '3 hours' as ended_at
from generate_series(:first, :last) i, lateral (select (:now)::date - 40 as day) gone;

insert into crm.customers (customer_id, name, status, status_at)
select customer, 'Empresa ' || i, 'Cancelado', ended_at from world;
insert into crm.authorised_contacts (customer_id, email, name, place)
select customer, 'contato-' || i || '@empresa.invalid', 'Contato', 1 from world;
insert into crm.contracts (customer_id, number) select customer, 'CT-' || i from world;

insert into crm.cases (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at, outcome, ended_at)
select case_id, customer, 'cancellation-' || customer, 'CAN-' || i, 'closed', received_on, '{"channel": "phone"}', ended_at,
    'closed', ended_at
from world;
insert into crm.formalizations (case_id, customer_id, message_id, sender, recipients, received_at, subject,
    explicit_request, reason, authentication, mails, required_mailboxes, notice_days, clause, starts_at, received_on,
    last_day, end_offset_minutes, notice_ends_at)
select case_id, customer, '<' || i || '@c>', 'a@c', '{x@y}', received_on, '', true, 'preço', 'pass',
    '[{"authentication": "pass"}]', '{x@y}', 30, '8.2', received_on, received_on, last_day, -180, ended_at
from world;
insert into crm.billing_watches (case_id, terms, settled_at)
select case_id, :terms, case when :settled then :now - interval '1 day' end from world;
insert into crm.tasks (case_id, key, team, title, text, due_on, ordered_at, closed_at)
select case_id, key, 'support', 'Término', '', last_day, received_on, ended_at
from world, unnest('{commercial,d30,finance,support}'::text[]) key;

insert into billing.subscriptions (subscription_id, customer_id, description, monthly, started_on, stopped_on, stopped_at,
    warrant_case, warrant_notice_ends_at)
select pabx, customer, 'PABX em nuvem', 310, last_day - 700, last_day, ended_at, case_id, ended_at from world;
insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status)
select pabx || '-' || n, pabx, last_day - 30 * (n + 1) + 1, last_day - 30 * n, 310, 'invoiced'
from world, generate_series(1, 12) n;
insert into billing.receivables (charge_id, paid_on, paid)
select pabx || '-' || n, last_day - 30 * n, 310 from world, generate_series(1, 12) n;
insert into billing.fiscal_documents (document_id, charge_id, issued_at)
select 'nfcom-' || pabx || '-' || n, pabx || '-' || n, ended_at - n * interval '30 days' from world, generate_series(1, 12) n;
insert into billing.invoices (invoice_id, case_id, customer_id, last_day, issued_at, total, warrant_notice_ends_at, due_on)
select 'final-' || case_id, case_id, customer, last_day, ended_at, 310, ended_at, last_day + 10 from world;
insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status, invoice_id)
select pabx || '-final', pabx, last_day - 29, last_day, 310, 'invoiced', 'final-' || case_id from world;
insert into billing.invoice_lines (invoice_id, position, subscription_id, charge_id, kind, description, first_day, last_day,
    days, period_days, amount)
select 'final-' || case_id, 1, pabx, pabx || '-final', 'pro_rata', 'PABX em nuvem', last_day - 29, last_day, 30, 30, 310
from world;
insert into billing.receivables (invoice_id, paid_on, paid) select 'final-' || case_id, last_day + 8, 310 from world;

insert into telephony.resources (customer_id, kind, resource_id, label, deactivated_at, released_at, warrant_case,
    warrant_notice_ends_at)
select customer, 'extension', n::text, 'Ramal', ended_at, ended_at, case_id, ended_at
from world, generate_series(201, 205) n;
insert into telephony.numbers (customer_id, number, customer_owned, deactivated_at, released_at, warrant_case,
    warrant_notice_ends_at)
select customer, '+5511' || (30000000 + i), true, ended_at, ended_at, case_id, ended_at from world;

-- What went wrong: of every hundred customers one charge that nobody paid, one that was paid, and an extension in use.
insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status)
select pabx || '-avulsa', pabx, last_day + 1, last_day + 30, 310, case when i % 100 = 1 then 'open' else 'invoiced' end
from world where not :settled and i % 100 in (1, 2);
insert into billing.receivables (charge_id, paid_on, paid)
select pabx || '-avulsa', last_day + 10, 310 from world where not :settled and i % 100 = 2;
insert into telephony.resources (customer_id, kind, resource_id, label)
select customer, 'extension', '201', 'Ramal' from world where not :settled and i % 100 = 3;
