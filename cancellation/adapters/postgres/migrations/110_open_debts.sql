-- The end in figures tells what is open of earlier invoices (X25): of each charge what has come in for it, zero while the
-- money is waited for, null where nobody knows. Appended, so that a worker of before reads its columns as it did.
create or replace view billing.accounts as
select s.customer_id, s.subscription_id, s.description, s.monthly, s.started_on,
    least(s.ended_on, s.stopped_on) as ended_on, s.billed_through,
    c.charge_id, c.first_day, c.last_day, c.amount, c.status,
    l.first_day as credit_first_day, l.last_day as credit_last_day,
    case when r.receivable_id is not null then coalesce(r.paid, 0) end as paid
from billing.subscriptions s
left join billing.charges c using (subscription_id)
left join billing.invoice_lines l on l.charge_id = c.charge_id and l.kind = 'credit'
left join billing.receivables r on r.charge_id = c.charge_id;
