#!/bin/sh
# What the container starts with, before the image's own script. PostgreSQL takes a key only from a file that is its user's
# and that nobody else can read, which a secret is not.
set -eu

install -m 600 /run/secrets/postgres_tls_key /var/run/postgresql/server.key
exec docker-entrypoint.sh "$@"
