-- The plain tables of the bare workflow's effects.
create schema bare;
create table bare.customers (customer_id text primary key, name text, email text, status text);
create table bare.cases (
    case_id text primary key, customer_id text, protocol text, stage text, opened_at timestamptz, request text);
create table bare.tasks (case_id text, key text, title text, text text, closed boolean, primary key (case_id, key));
create table bare.trail (case_id text, seq integer, at timestamptz, detail text, primary key (case_id, seq));
create table bare.formalizations (
    case_id text primary key, message_id text, sender text, reason text, received_at timestamptz, ends_at timestamptz);
create table bare.outbox (key text primary key, case_id text, recipient text, content bytea, sent_at timestamptz);
create table bare.resources (
    customer_id text, resource_id text, kind text, deactivated_at timestamptz, released_at timestamptz,
    primary key (customer_id, resource_id));
create table bare.subscriptions (
    subscription_id text primary key, customer_id text, monthly numeric, ends_on date, stopped_on date);
create index on bare.subscriptions (customer_id);
create table bare.charges (
    charge_id text primary key, subscription_id text, first_day date, amount numeric, status text);
create index on bare.charges (subscription_id);
create table bare.invoices (case_id text primary key, customer_id text, last_day date, total numeric);
