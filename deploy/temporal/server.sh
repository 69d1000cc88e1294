#!/bin/sh
# The image takes its database's password from the environment alone.
set -eu

POSTGRES_PWD=$(cat /run/secrets/temporal)
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
