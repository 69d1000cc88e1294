"""The mailer of a real installation: SMTP, with the outbox in PostgreSQL."""

from functools import partial

from cancellation.adapters.mailing import OutboxMailer
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.outbox import PostgresOutbox
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.smtp.transport import SmtpTransport
from cancellation.domain.links import link_url
from cancellation.letters import Letterhead
from cancellation.settings import Settings


def letterhead_of(settings: Settings) -> Letterhead:
    """The provider's side of every letter.

    Raises:
        ValidationError: a configured address is not an e-mail address.
    """
    return Letterhead(
        address=settings.sender.address,
        name=settings.sender.name,
        company=settings.sender.company,
        cnpj=settings.sender.cnpj.partition(",")[0].strip(),
        postal=settings.sender.postal,
        phone=settings.sender.phone,
        desk_url=settings.desk_address,
        reply_to=settings.sender.reply_to,
        commercial=settings.teams.commercial,
        finance=settings.teams.finance,
        support=settings.teams.support,
    )


def smtp_mailer(settings: Settings, pool: Pool) -> OutboxMailer:
    """The port `Mailer` as the settings say."""
    return OutboxMailer(
        PostgresOutbox(pool),
        SmtpTransport(settings.smtp),
        letterhead_of(settings),
        partial(link_url, settings.gateway.public_url, settings.link_key()),
        PostgresCrm(pool).original,
    )
