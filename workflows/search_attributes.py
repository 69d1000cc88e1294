"""The one registry of search attributes: what the workflow writes, the registration command registers.

They are never encrypted and hold no personal data.
"""

from typing import Final

from temporalio.common import SearchAttributeKey

STAGE: Final = SearchAttributeKey.for_keyword("CancellationStage")
CUSTOMER: Final = SearchAttributeKey.for_keyword("CancellationCustomer")
PROTOCOL: Final = SearchAttributeKey.for_keyword("CancellationProtocol")
REASON: Final = SearchAttributeKey.for_keyword("CancellationReason")
CHANNEL: Final = SearchAttributeKey.for_keyword("CancellationChannel")
NOTICE_END: Final = SearchAttributeKey.for_datetime("CancellationNoticeEnd")
ATTENTION: Final = SearchAttributeKey.for_keyword_list("CancellationAttention")

REGISTRY: Final[dict[str, str]] = {
    STAGE.name: "Keyword",
    CUSTOMER.name: "Keyword",
    PROTOCOL.name: "Keyword",
    REASON.name: "Keyword",
    CHANNEL.name: "Keyword",
    NOTICE_END.name: "Datetime",
    ATTENTION.name: "KeywordList",
}
"""Name to type, in the words of the `temporal` command."""
