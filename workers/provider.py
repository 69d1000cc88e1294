"""Who we are to the reader of e-mails, as the settings name us."""

from cancellation.settings import Settings
from cancellation.understanding import Provider


def provider_of(settings: Settings) -> Provider:
    """What the reader of e-mails must know of the provider."""
    return Provider(
        names=(settings.sender.company, settings.sender.name),
        cnpjs=settings.sender.cnpjs,
        nameless_servers=settings.inbox.trusted_nameless_servers,
    )
