-- Until when a final invoice is to be paid; null: it is a credit, or was issued before this was kept (P18).
alter table billing.invoices add column due_on date;
