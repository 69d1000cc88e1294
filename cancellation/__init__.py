"""Durable customer cancellation for a cloud-PBX provider: what other programs use.

    from cancellation import CancellationClient, Channel, RequestMessage

    client = await CancellationClient.connect()
    answer = await client.open_or_join("1042", RequestMessage(channel=Channel.PHONE, text="Quero cancelar"))

Everything named here is loaded when it is first asked for: whoever imports `cancellation.domain`, a workflow
above all, loads neither an engine nor a client.
"""

from typing import TYPE_CHECKING, Any

__all__ = [
    "Answer",
    "Authentication",
    "BillingPreview",
    "CancellationClient",
    "CancellationPolicy",
    "CaseEnded",
    "CaseFailed",
    "CaseListing",
    "CaseNotAnswering",
    "CaseNotFound",
    "CaseResult",
    "CaseStatus",
    "Channel",
    "Contact",
    "DiscardMessage",
    "FormalizationMessage",
    "Message",
    "OfferKind",
    "OfferStatus",
    "Outcome",
    "PortStatus",
    "PortabilityMessage",
    "Problem",
    "Reason",
    "ReasonCategory",
    "RecordingsRequestMessage",
    "Refused",
    "RequestMessage",
    "RetentionOfferMessage",
    "RetentionOutcomeMessage",
    "ServerUnreachable",
    "Stage",
    "TrailEntry",
    "WithdrawalMessage",
]

if TYPE_CHECKING:
    from cancellation.case_list import CaseListing
    from cancellation.client import CancellationClient
    from cancellation.domain.policy import CancellationPolicy
    from cancellation.domain.refusal import Problem, Refused
    from cancellation.domain.stage import Stage
    from cancellation.domain.trail import TrailEntry
    from cancellation.domain.values import (
        Authentication,
        Channel,
        Contact,
        OfferKind,
        OfferStatus,
        Outcome,
        PortStatus,
        Reason,
        ReasonCategory,
    )
    from cancellation.failures import (
        CaseEnded,
        CaseFailed,
        CaseNotAnswering,
        CaseNotFound,
        ServerUnreachable,
    )
    from cancellation.messages.billing import BillingPreview
    from cancellation.messages.envelope import Message
    from cancellation.messages.facts import (
        DiscardMessage,
        FormalizationMessage,
        PortabilityMessage,
        RecordingsRequestMessage,
        RequestMessage,
        RetentionOfferMessage,
        RetentionOutcomeMessage,
        WithdrawalMessage,
    )
    from cancellation.messages.status import Answer, CaseResult, CaseStatus
else:
    _WHERE = (
        "domain.values",
        "domain.stage",
        "domain.policy",
        "domain.refusal",
        "domain.trail",
        "messages.envelope",
        "messages.billing",
        "messages.facts",
        "messages.status",
        "failures",
        "case_list",
        "client",
    )

    def __getattr__(name: str) -> Any:
        """Load a public name; what costs most to load is looked at last."""
        if name in __all__:
            from importlib import import_module

            for where in _WHERE:
                module = import_module(f"{__name__}.{where}")
                if name in vars(module):
                    globals()[name] = vars(module)[name]
                    return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
