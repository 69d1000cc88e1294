"""Kamailio as the telephony platform: extensions and trunks in its own tables, commands over its JSON-RPC.

What an operator has to know stands in docs/adapters.md.
"""

from cancellation.adapters.kamailio.connect import kamailio_telephony
from cancellation.adapters.kamailio.servers import PlatformDisagrees
from cancellation.adapters.kamailio.settings import KamailioSettings
from cancellation.adapters.kamailio.telephony import KamailioTelephony

__all__ = ["KamailioSettings", "KamailioTelephony", "PlatformDisagrees", "kamailio_telephony"]
