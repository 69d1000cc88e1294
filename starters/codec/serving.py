"""Runs the codec server until it is told to stop."""

from collections.abc import Callable

from cancellation.encryption import Encryption
from cancellation.settings import NotConfigured, Settings
from starters.codec.access import Door
from starters.codec.app import create_app
from starters.web.metrics import measured
from starters.web.serving import serve


async def run_codec(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the protocol as the settings say, until cancelled.

    Args:
        settings: `CANCELAMENTO_CODEC_*`.
        ready: told the address once it is taken.

    Raises:
        NotConfigured: the keys or the token are missing.
        OSError: the address is taken.
    """
    codec = settings.codec
    if codec.ring is None or codec.token is None:
        missing = "CANCELAMENTO_CODEC_KEYS_FILE" if codec.ring is None else "CANCELAMENTO_CODEC_TOKEN_FILE"
        raise NotConfigured(f"falta {missing}")
    https = codec.public_url.startswith("https://")
    app = create_app(
        Encryption(codec.ring),
        Door(codec.token.get_secret_value(), https=https),
        codec.web_ui_origins,
        encodes=codec.encodes,
        https=https,
    )
    async with measured(app, settings.metrics_address) as served:
        await serve(served, codec.host, codec.port, trusted_proxies=codec.trusted_proxies, ready=ready)
