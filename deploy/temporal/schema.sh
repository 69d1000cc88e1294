#!/bin/sh
# Creates or updates the schemas of Temporal's two databases, which are there already; safe to run again.
set -eu

SQL_PASSWORD=$(cat /run/secrets/temporal)
export SQL_PASSWORD

prepare() {
  database=$1
  schema=$2
  tool="temporal-sql-tool --plugin postgres12 --ep $POSTGRES_SEEDS -p $DB_PORT -u $POSTGRES_USER --db $database"
  $tool setup-schema -v 0.0
  $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$schema/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
