#!/bin/sh
# Makes the secrets that nobody has to remember, one file each; what is there stays. Three others are given by people:
# smtp_password, and for mailboxes that are read by IMAP `mailboxes`, a JSON list (docs/configuracao.md), `[]` without any.
set -eu
cd "$(dirname "$0")"
# The folder is closed; the files are read by the containers' own users.
chmod 700 .

for name in postgres cancelamento_owner temporal grafana \
  cancelamento_worker cancelamento_inbox cancelamento_gateway cancelamento_desk cancelamento_reports cancelamento_monitor \
  link_secret codec_token; do
  [ -s "$name" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$name"
done
# What Temporal keeps is encrypted with the current key; how to change it: docs/servidores.md.
[ -s codec_keys ] || printf '{"current": "1", "keys": {"1": "%s"}}' "$(head -c 32 /dev/urandom | base64)" >codec_keys
[ -s mailboxes ] || printf '[]' >mailboxes
for file in *; do
  case $file in *.sh) ;; *) chmod 644 "$file" ;; esac
done
[ -s smtp_password ] || echo "falta deploy/secrets/smtp_password: a senha do servidor de correio de saída" >&2
