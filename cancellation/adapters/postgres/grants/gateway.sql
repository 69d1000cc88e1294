-- The gateway is what strangers reach: it finds a link and notes that it was used.
grant usage on schema recordings to cancelamento_gateway;
grant select on recordings.links to cancelamento_gateway;
grant insert (case_id, link_id, at, address, kind) on recordings.accesses to cancelamento_gateway;
grant select (access_id, bytes), update (bytes) on recordings.accesses to cancelamento_gateway;
