"""Public keys by which signatures of e-mails can be checked after they have rotated (X13, RFC 6376)."""

from pydantic import AwareDatetime

from cancellation.domain.values import Value


class Signer(Value):
    """Where the key of a signature is published: `<selector>._domainkey.<domain>` in the DNS."""

    domain: str
    selector: str


class SigningKey(Value):
    """What the DNS said of a signer's key when an e-mail was received."""

    domain: str
    selector: str
    record: str | None
    """The text as it was published; None: nothing was published there."""
    looked_up_at: AwareDatetime
