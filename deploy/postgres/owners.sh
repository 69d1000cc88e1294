#!/bin/sh
# Runs once, when PostgreSQL makes its data: an owner for our database and one for Temporal's two. Neither is a superuser;
# ours may make the roles of our processes, which `cancelamento setup` does.
set -eu

secrets=${SECRETS:-/run/secrets}

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set owner_password="$(cat "$secrets/cancelamento_owner")" --set temporal_password="$(cat "$secrets/temporal")" <<'SQL'
create role cancelamento_owner login createrole password :'owner_password';
create role temporal login password :'temporal_password';
create database cancelamento owner cancelamento_owner;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
-- Nobody looks into the others' databases; setup lets our processes in.
revoke connect, temporary on database cancelamento, temporal, temporal_visibility from public;
SQL
