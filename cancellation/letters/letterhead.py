"""Who the letters come from, and where each one goes."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Team, Value
from cancellation.messages.letters import Letter

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


def is_deliverable(address: str) -> bool:
    """Whether an address can stand in an envelope and a header: plain ASCII `local@domain`, nothing else."""
    return len(address) <= 254 and _ADDRESS.fullmatch(address) is not None


def ascii_address(address: str) -> str:
    """The address with an international domain in its ASCII form; as it is when there is no such form."""
    local, at, domain = address.strip().rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def _deliverable(address: str) -> str:
    address = ascii_address(address)
    if not is_deliverable(address):
        msg = "not an e-mail address"
        raise ValueError(msg)
    return address


OwnAddress = Annotated[str, AfterValidator(_deliverable)]


class Letterhead(Value):
    """The provider's side of every letter."""

    address: OwnAddress = "cancelamento@nuvemjti.com.br"
    """Whom the letters come from; its domain is the Message-IDs' domain."""
    name: str = "NuvemJTI Cancelamentos"
    company: str = "NuvemJTI"
    """How the letters name the provider."""
    commercial: OwnAddress = "comercial@nuvemjti.com.br"
    finance: OwnAddress = "financeiro@nuvemjti.com.br"
    support: OwnAddress = "suporte@nuvemjti.com.br"
    cnpj: str = ""
    """The provider's own CNPJ as it is written, for the foot of letters to customers; empty leaves it out."""
    postal: str = ""
    """The provider's postal address, in one line."""
    phone: str = ""
    """Where customers may call."""
    desk_url: str = ""
    """Where Commercial works; letters to the teams link to their case there. Empty leaves the link out."""
    reply_to: tuple[OwnAddress, ...] = Field(default=CancellationPolicy().mailboxes)
    """Where customers' answers go when a letter names no mailbox that mail can go to."""

    @property
    def domain(self) -> str:
        """The domain of the sender."""
        return self.address.rpartition("@")[2]

    def team_address(self, team: Team) -> str:
        """The mailbox of a team."""
        return {Team.COMMERCIAL: self.commercial, Team.FINANCE: self.finance, Team.SUPPORT: self.support}[
            team
        ]

    def recipients(self, letter: Letter) -> tuple[str, ...]:
        """Where a letter goes, each address once; some may not be deliverable (see `is_deliverable`)."""
        if letter.team is not None:
            return (self.team_address(letter.team),)
        return tuple(dict.fromkeys(ascii_address(address) for address in letter.to))

    def reply_addresses(self, letter: Letter) -> tuple[str, ...]:
        """Where an answer goes: a customer's reaches every mailbox that a formalization must reach (P7)."""
        if letter.team is not None:
            return ()
        named = tuple(a for a in map(ascii_address, letter.mailboxes) if is_deliverable(a))
        return named or self.reply_to
