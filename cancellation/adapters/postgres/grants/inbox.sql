-- The inbox keeps e-mails byte for byte. What is in them is read by the worker.
grant usage on schema crm to cancelamento_inbox;
grant insert on crm.originals to cancelamento_inbox;
