"""Somebody at the desk in a real browser, and customers who write."""

import re
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from samples.mail import sample_email
from tests.e2e.running_up import Up
from tests.e2e.test_web_ui import status, until

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


@dataclass(frozen=True)
class Seat:
    """Somebody at the desk."""

    up: Up
    page: Any

    def goes(self, path: str) -> None:
        self.page.goto(f"{self.up.addresses.desk}{path}")

    def sees(self, words: str | re.Pattern[str]) -> None:
        playwright.expect(self.page.locator("main")).to_contain_text(words)

    def comes_to_see(self, path: str, words: str) -> None:
        def there() -> bool:
            self.goes(path)
            return words in self.page.locator("main").inner_text()

        until(there)

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def opens_case(self, customer: str, words: str) -> str:
        """By telephone; the address of the case's page."""
        self.goes("/novo")
        self.page.get_by_label("Número do cliente").fill(customer)
        self.page.get_by_label("Por onde o pedido chegou").select_option(label="Telefone")
        self.page.get_by_label("O que o cliente disse").fill(words)
        self.presses("Registrar o pedido")
        self.sees("Caso aberto")
        return str(urlsplit(self.page.url).path)

    def declines(self, reason: str) -> None:
        """The customer stays with the decision; the script is shown first."""
        self.page.get_by_label("Motivo do pedido").select_option(label="Preço")
        self.page.get_by_label("Nas palavras do cliente").fill(reason)
        self.presses("Mantém a decisão")
        self.sees("Nada foi registrado ainda")

    def opens_mail(self, title: str, company: str) -> None:
        """From the list of what waits, as soon as it is there."""
        line = self.page.locator("main li", has_text=title).filter(has_text=company).get_by_role("link")

        def waits() -> bool:
            self.goes("/tarefas")
            return bool(line.count())

        until(waits)
        line.first.click()

    def takes_to_notice(self, customer: str, mail: str) -> str:
        """A case whose notice starts by a sample e-mail, which nobody has read; the address of its page."""
        case = self.opens_case(customer, "Quer sair.")
        self.declines("Ficou caro")
        self.presses("Registrar e enviar o roteiro")
        self.sees("Aguardando formalização por e-mail")
        mails(self.up, mail, case)
        until(lambda: status(self.up, customer)["stage"] == "notice")
        return case


def mails(up: Up, name: str, case: str | None = None) -> None:
    """A customer's sample e-mail arrives, as our border server delivers it; it quotes the case's protocol."""
    protocol = case.rpartition("/")[2] if case is not None else None
    host, _, port = up.addresses.smtp_in.rpartition(":")
    raw = sample_email(name, received_at=datetime.now(UTC), protocol=protocol).replace(b"\n", b"\r\n")
    with smtplib.SMTP(host, int(port)) as server:
        mailboxes = ["financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"]
        server.sendmail("bounce@example.com", mailboxes, raw)
