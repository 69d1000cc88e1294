"""A real IMAP server: Debian's Dovecot in the foreground, on loopback, with its mail in a folder of the test."""

import asyncio
import base64
import contextlib
import hmac
import json
import os
import shutil
import smtplib
import subprocess
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

import pytest
import trustme
from imap_tools import MailBoxUnencrypted

from embedded import ProcessServer
from embedded.ports import LOOPBACK, free_port
from embedded.process import Command

DOVECOT = "/usr/sbin/dovecot"
_PASSED_ON_BY = "quem.escreveu@cliente.example"
PASSWORD = "segredo-da-caixa"
TOKEN_KEY = b"chave-que-assina-os-tokens-de-teste"

needs_dovecot = pytest.mark.skipif(
    not Path(DOVECOT).exists() or os.getuid() != 0,
    reason="needs Debian's dovecot-imapd and dovecot-lmtpd, and root to run them",
)

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = {name}
hostname = imap.nuvemjti.com.br
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
mail_location = maildir:{folder}/mail/%u
mail_uid = vmail
mail_gid = vmail
first_valid_uid = 1
mail_fsync = never
maildir_stat_dirs = no
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
default_internal_user = dovecot
default_login_user = dovenull
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@nuvemjti.com.br
}}
"""


class Dovecot(ProcessServer):
    """A running server; every address is a mailbox.

    Args:
        folder: Its configuration, mail and log.
    """

    name = "Dovecot"
    start_seconds = 60.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "dovecot.log")
        self.folder = folder
        self.imap = free_port()
        self.imaps = free_port()
        self.lmtp = free_port()

    @property
    def ca_file(self) -> Path:
        """The authority of its certificate."""
        return self.folder / "ca.pem"

    def _command(self) -> Command:
        return Command(
            argv=[DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")],
            log=self.log,
            environment=os.environ,
            # It takes its own children with it.
            death_signal=SIGTERM,
        )

    async def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(LOOPBACK, self.imap)
            greeting = await reader.readline()
            writer.close()
            return greeting.startswith(b"* OK")
        return False

    def deliver(self, raw: bytes, *recipients: str) -> None:
        """Deliver as a receiving server does."""
        with smtplib.LMTP(LOOPBACK, self.lmtp, local_hostname="localhost") as client:
            client.sendmail(_PASSED_ON_BY, recipients, raw)

    def put(self, mails: Iterable[bytes], recipient: str) -> None:
        """Lay many e-mails into a mailbox at once, as a migration from another server does."""
        box = self.folder / "mail" / recipient
        for name in ("new", "cur", "tmp"):
            (box / name).mkdir(parents=True, exist_ok=True)
        for number, raw in enumerate(mails):
            (box / "new" / f"{1_795_000_000 + number}.M{number}.test").write_bytes(raw)
        for place in (box, *box.rglob("*")):
            shutil.chown(place, "vmail", "vmail")

    def looking(self, mailbox: str, folder: str = "INBOX") -> MailBoxUnencrypted:
        """A person's mail program."""
        return MailBoxUnencrypted(LOOPBACK, self.imap).login(mailbox, PASSWORD, folder)


def access_token(mailbox: str, *, key: bytes = TOKEN_KEY) -> str:
    """An OAuth 2.0 access token for that mailbox, as an identity provider signs it."""

    def part(content: dict[str, object]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")

    now = int(time.time())
    claims: dict[str, object] = {"sub": mailbox, "email": mailbox, "iat": now, "exp": now + 3600}
    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    signature = base64.urlsafe_b64encode(hmac.new(key, signed, "sha256").digest()).rstrip(b"=")
    return (signed + b"." + signature).decode()


def _make_user() -> None:
    """Whose mailboxes they are: Dovecot reads none as root."""
    subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "vmail"],
        check=False,
        capture_output=True,
    )


def _accept_tokens(folder: Path) -> None:
    for keys in (folder / "keys" / "default" / "HS256", folder / "keys" / "shared" / "default" / "HS256"):
        keys.mkdir(parents=True)
        (keys / "default").write_bytes(base64.b64encode(TOKEN_KEY))
    (folder / "oauth2.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={folder}/keys/\n",
        encoding="utf-8",
    )


@asynccontextmanager
async def dovecot(folder: Path) -> AsyncIterator[Dovecot]:
    """A server with empty mailboxes."""
    server = Dovecot(folder)
    _make_user()
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "vmail", "vmail")
    authority = trustme.CA()
    certificate = authority.issue_cert(LOOPBACK, "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for part in certificate.cert_chain_pems:
        part.write_to_path(folder / "cert.pem", append=True)
    _accept_tokens(folder)
    config = _CONFIG.format(
        folder=folder,
        name=folder.name,
        password=PASSWORD,
        imap=server.imap,
        imaps=server.imaps,
        lmtp=server.lmtp,
    )
    (folder / "dovecot.conf").write_text(config, encoding="utf-8")
    try:
        await server.start()
        yield server
    finally:
        # Nobody needs what it holds any more.
        await server.kill()
