#!/bin/sh
# Makes the secrets that nobody has to remember, one file each; what is there stays. Three others are given by people:
# smtp_password, and for mailboxes that are read by IMAP `mailboxes`, a JSON list (docs/configuracao.md), `[]` without any.
#
#   make.sh [NAME…]    names and addresses by which PostgreSQL is reached too, beside `postgres` and from its own machine
set -eu
cd "$(dirname "$0")"
# The folder is closed; the files are read by the containers' own users.
chmod 700 .

for name in postgres cancelamento_owner temporal grafana \
  cancelamento_worker cancelamento_inbox cancelamento_gateway cancelamento_desk cancelamento_reports \
  cancelamento_monitor cancelamento_erase \
  link_secret codec_token; do
  [ -s "$name" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$name"
done
# What Temporal keeps is encrypted with the current key; how to change it: docs/servidores.md.
[ -s codec_keys ] || printf '{"current": "1", "keys": {"1": "%s"}}' "$(head -c 32 /dev/urandom | base64)" >codec_keys
[ -s mailboxes ] || printf '[]' >mailboxes

# PostgreSQL's certificate, and the authority that has signed it and nothing else: its key is kept nowhere, so that a new
# certificate comes with a new authority (docs/servidores.md).
tls_days=1825
serial() { printf '0x01%s' "$(od -An -N15 -tx1 /dev/urandom | tr -d ' \n')"; }
postgres_tls() {
  command -v openssl >/dev/null || {
    echo "falta o programa openssl, que faz o certificado do PostgreSQL" >&2
    return 1
  }
  # Whole or not at all.
  made=$(mktemp -d ./.tls.XXXXXX)
  trap 'rm -rf "$made"' EXIT
  names=DNS:postgres,DNS:localhost,IP:127.0.0.1
  for name in "$@"; do
    case $name in
      *:*) names=$names,IP:$name ;;
      *[!0-9.]*) names=$names,DNS:$name ;;
      *) names=$names,IP:$name ;;
    esac
  done
  cat >"$made/openssl.cnf" <<CONF
[req]
prompt = no
distinguished_name = name
[name]
CN = postgres
[authority]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $names
CONF
  for one in authority server; do
    openssl ecparam -name prime256v1 -genkey -noout -out "$made/$one.key"
  done
  openssl req -config "$made/openssl.cnf" -x509 -new -sha256 -key "$made/authority.key" -extensions authority \
    -subj "/CN=cancelamento: PostgreSQL" -set_serial "$(serial)" -days $tls_days -out "$made/postgres_tls_ca"
  openssl req -config "$made/openssl.cnf" -new -sha256 -key "$made/server.key" -out "$made/server.csr"
  openssl x509 -req -sha256 -in "$made/server.csr" -extfile "$made/openssl.cnf" -extensions server \
    -CA "$made/postgres_tls_ca" -CAkey "$made/authority.key" -set_serial "$(serial)" -days $tls_days \
    -out "$made/postgres_tls_certificate" 2>"$made/said" || { cat "$made/said" >&2; return 1; }
  mv "$made/server.key" "$made/postgres_tls_key"
  mv "$made/postgres_tls_ca" "$made/postgres_tls_certificate" "$made/postgres_tls_key" .
}
if [ ! -e postgres_tls_ca ] && [ ! -e postgres_tls_certificate ] && [ ! -e postgres_tls_key ]; then
  (umask 077; postgres_tls "$@")
elif [ $# -gt 0 ]; then
  echo "o certificado do PostgreSQL já está feito e fica; para outros nomes apague antes os postgres_tls_*" >&2
fi

for file in *; do
  case $file in *.sh) ;; *) chmod 644 "$file" ;; esac
done
for name in postgres_tls_ca postgres_tls_certificate postgres_tls_key; do
  [ -s "$name" ] || {
    echo "falta deploy/secrets/$name: apague o que houver de postgres_tls_* e rode este arquivo de novo" >&2
    exit 1
  }
done
[ -s smtp_password ] || echo "falta deploy/secrets/smtp_password: a senha do servidor de correio de saída" >&2
