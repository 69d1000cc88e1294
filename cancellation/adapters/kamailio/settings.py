"""What the adapter has to know of a Kamailio installation."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

RpcUrl = Annotated[str, Field(pattern=r"^https?://\S+$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]


class KamailioSettings(BaseModel):
    """The options of the adapter, `CANCELAMENTO_TELEPHONY_OPTIONS` as a JSON object."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    rpc_urls: tuple[RpcUrl, ...] = Field(min_length=1, repr=False)
    """Where each server takes JSON-RPC over HTTP, such as `http://127.0.0.1:5061/RPC`: all of them, because
    every server has its own memory of registrations and trunk addresses. May hold a user and a password."""
    database_url: SecretStr
    """Kamailio's own database, `postgresql://...`; read and write."""
    db_schema: Identifier = "public"
    """The schema of that database in which Kamailio's tables lie."""
    location_table: Identifier = "location"
    """The table of registrations, as in `save("location")`."""
    trunk_group: int = Field(default=1, ge=1)
    """The group (`address.grp`) of customers' trunks, as in `allow_source_address("1")`."""
    domain_suffix: str = Field(default="pbx.invalid", pattern=r"^[a-z0-9.-]{1,50}$")
    """Seeding only: a customer's SIP domain is its id and this."""
    rpc_timeout_seconds: float = Field(default=3.0, gt=0)
    reload_patience_seconds: float = Field(default=6.5, ge=0)
    """How long to wait for the turn to reload trunk addresses: Kamailio takes one reload in five seconds
    (`permissions`, `reload_delta`). With the rest it has to stay under the activity's ten seconds."""
