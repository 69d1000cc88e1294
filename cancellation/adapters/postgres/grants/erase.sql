-- Whoever erases what the law no longer lets be kept: sees when a case ended and what was erased, and no word of what was
-- written. It erases by a function that the database lets pass once the term is over.
grant usage on schema crm to cancelamento_erase;
grant select (case_id, customer_id, workflow_id, protocol, outcome, ended_at) on crm.cases to cancelamento_erase;
grant select on crm.erasures to cancelamento_erase;
grant select on migration.erasure_terms to cancelamento_erase;
grant execute on function crm.erasable_at(text, text, text), crm.erase(text, text, text, timestamptz, text) to cancelamento_erase;
