"""What docs/servidores.md asks of an administrator before `docker compose up`."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.compose import CHECKOUT

VIRTUAL_TIME: Final = "\nfrontend.WorkflowTimeSkippingEnabled:\n  - value: true\n"
"""The one value that the set's Temporal has beside its file's: thirty days shall pass in seconds."""


def administer(project: Path, authority: Path, smtp_password: str) -> None:
    """Make a checkout, its secrets and its file of settings.

    Args:
        project: the folder of the checkout; made.
        authority: the certificate of who has signed the outgoing mail server's.
        smtp_password: what that server asks for.
    """
    deploy = project / "deploy"
    shutil.copytree(CHECKOUT / "deploy", deploy, ignore=shutil.ignore_patterns("*.env"))
    for secret in (deploy / "secrets").iterdir():
        if secret.suffix != ".sh":
            secret.unlink()
    subprocess.run(["sh", str(deploy / "secrets" / "make.sh")], check=True, capture_output=True)
    (deploy / "secrets" / "smtp_password").write_text(smtp_password)
    (deploy / "cancelamento.env").write_text(
        (deploy / "cancelamento.env.example").read_text()
        + f"CANCELAMENTO_CLOCK=virtual\nCANCELAMENTO_SMTP_CA_FILE={authority}\n"
    )
    dynamic = deploy / "temporal" / "dynamic-config.yaml"
    dynamic.write_text(dynamic.read_text() + VIRTUAL_TIME)
