"""The monitor's answers as metrics. Labels come from fixed lists: no customer, no case, no address."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from cancellation.adapters.postgres.gauges import BOUNDS, Gauges, Waiting
from cancellation.domain.findings import Rule
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel
from cancellation.messages.watch import ActKind
from starters.monitor.engine import QUEUES, Engine

K = TypeVar("K", bound=tuple[str, ...])

_NONE: Final = Waiting(0, 0.0)
_STAGES: Final = tuple(stage.value for stage in Stage if not stage.is_terminal)
_OUTCOMES: Final = tuple(stage.value for stage in Stage if stage.is_terminal)
_AUDIENCES: Final = ("customer", "commercial", "finance", "support")
_LETTERS: Final = tuple((audience, result) for audience in _AUDIENCES for result in ("sent", "refused"))
_FORMALIZATIONS: Final = {
    "formalized": "complete",
    "formalization_incomplete": "incomplete",
    "formalization_untrusted": "untrusted",
    "formalization_received": "received",
    "formalized_early": "early",
    "early_undone": "early_undone",
    "mail_of_earlier_case": "of_earlier_case",
}
_UNDUE: Final = (ActKind.VOIDED, ActKind.REPAY, ActKind.REVIEW)
_WORK: Final = re.compile(r"[a-z_]+(:[a-z]+)?")
_OTHER: Final = "other"


def of_answers(answers: Mapping[str, bool]) -> Iterator[Metric]:
    """Whether what the monitor asks answers."""
    yield _gauge("cancelamento_answers", "Whether what the process needs answers", "need", answers)


def of_records(found: Gauges) -> Iterator[Metric]:
    """What stands in PostgreSQL."""
    stages = {stage: found.open_cases.get(stage, _NONE) for stage in _STAGES}
    yield _gauge("cancelamento_cases", "Open cases", "stage", _counts(stages))
    yield _gauge(
        "cancelamento_oldest_in_stage_seconds", "Of the case that stands longest in a stage", "stage", _ages(stages)
    )  # fmt: skip
    yield _counter(
        "cancelamento_cases_opened", "Cases that were ever opened", ("channel",),
        {(channel.value,): found.opened.get(channel.value, 0) for channel in Channel},
    )  # fmt: skip
    yield _counter(
        "cancelamento_cases_ended", "Cases that have ended", ("outcome",),
        {(outcome,): found.ended.get(outcome, 0) for outcome in _OUTCOMES},
    )  # fmt: skip
    yield _single(
        "cancelamento_late_ends", "Cases whose notice has ended and that do not close", found.late_ends
    )
    mails = {of: found.undecided_mails.get(of, _NONE) for of in ("case", "none")}
    yield _gauge("cancelamento_undecided_mails", "E-mails that wait for a person", "of", _counts(mails))
    yield _gauge(
        "cancelamento_oldest_undecided_mail_seconds", "Of the oldest of them, since it came", "of", _ages(mails)
    )  # fmt: skip
    troubles = _by_work(found.troubles)
    yield _gauge(
        "cancelamento_stuck_work", "Work that keeps failing, or waits for anybody", "work", _counts(troubles)
    )
    yield _single(
        "cancelamento_oldest_stuck_work_seconds", "Of the oldest of it, since people were told",
        max((waiting.oldest for waiting in troubles.values()), default=0.0),
    )  # fmt: skip
    yield _counter(
        "cancelamento_letters", "Letters by what became of them", ("audience", "result"),
        {key: found.letters.get(key, 0) for key in _LETTERS},
    )  # fmt: skip
    letters = {audience: found.waiting_letters.get(audience, _NONE) for audience in _AUDIENCES}
    yield _gauge("cancelamento_outbox_letters", "Letters that are not sent yet", "audience", _counts(letters))
    yield _gauge(
        "cancelamento_outbox_oldest_seconds", "Of the oldest of them, since it was written", "audience", _ages(letters)
    )  # fmt: skip
    yield _told(found)
    yield _counter(
        "cancelamento_mails_handled", "E-mails by what was read and done", ("action", "fate"), found.mails
    )
    yield _single(
        "cancelamento_mails_unhandled", "E-mails taken and not handled yet", found.unhandled_mails.count
    )
    yield _single(
        "cancelamento_mails_unhandled_oldest_seconds", "Of the oldest of them, since it was taken",
        found.unhandled_mails.oldest,
    )  # fmt: skip
    yield _counter(
        "cancelamento_formalizations", "E-mails of formalization by what became of them", ("result",),
        {(result,): found.formalizations.get(kind, 0) for kind, result in _FORMALIZATIONS.items()},
    )  # fmt: skip
    yield _counter(
        "cancelamento_undue_charges", "Charges of customers who have left, by what was done", ("done",),
        {(kind.value,): found.watch_acts.get(kind.value, 0) for kind in _UNDUE},
    )  # fmt: skip
    yield CounterMetricFamily(
        "cancelamento_revived_resources",
        "Resources of customers who have left, in use again",
        value=found.watch_acts.get(ActKind.REVIVED.value, 0),
    )
    yield _gauge(
        "cancelamento_findings", "Where the records disagree", "rule",
        {rule.value: found.findings.get(rule.value, 0) for rule in Rule},
    )  # fmt: skip
    if found.reconciled_ago is not None:
        yield _single(
            "cancelamento_reconciled_seconds",
            "Since the last whole look at that",
            max(found.reconciled_ago, 0.0),
        )
    yield _single("cancelamento_database_bytes", "Size of our database", found.database_bytes)
    yield _single("cancelamento_database_connections", "Connections to the server", found.connections)
    yield _single("cancelamento_database_most_connections", "How many it takes", found.most_connections)


def of_engine(found: Engine) -> Iterator[Metric]:
    """What Temporal says."""
    pollers = GaugeMetricFamily("cancelamento_queue_pollers", "Who polls a queue", labels=("queue", "kind"))
    backlog = GaugeMetricFamily("cancelamento_queue_backlog", "Tasks that wait", labels=("queue", "kind"))
    age = GaugeMetricFamily(
        "cancelamento_queue_backlog_age_seconds", "Of the oldest of them", labels=("queue", "kind")
    )
    for queue in QUEUES:
        pollers.add_metric(queue, found.queues[queue].pollers)
        backlog.add_metric(queue, found.queues[queue].backlog)
        age.add_metric(queue, found.queues[queue].backlog_age)
    yield from (pollers, backlog, age)
    yield _single("cancelamento_executions", "Executions of cases that have not ended", found.running)
    yield _single(
        "cancelamento_wedged_executions", "Executions whose workflow task keeps failing", found.wedged
    )


def of_certificates(expiries: Mapping[str, float | None]) -> Iterator[Metric]:
    """Until when they hold; one that cannot be seen has no date."""
    seen = {name: at for name, at in expiries.items() if at is not None}
    yield _gauge("cancelamento_certificate_expires_timestamp_seconds", "When it expires", "of", seen)
    yield _gauge(
        "cancelamento_certificate_seen", "Whether it could be looked at", "of",
        {name: at is not None for name, at in expiries.items()},
    )  # fmt: skip


def of_volumes(volumes: Mapping[str, tuple[int, int]]) -> Iterator[Metric]:
    """Bytes that are free for everybody, and in all."""
    free = {name: of[0] for name, of in volumes.items()}
    yield _gauge("cancelamento_disk_free_bytes", "What is free", "volume", free)
    yield _gauge(
        "cancelamento_disk_bytes", "How large it is", "volume", {name: of[1] for name, of in volumes.items()}
    )


def _by_work(troubles: Mapping[str, Waiting]) -> dict[str, Waiting]:
    """A step's code, for mail with its audience; what has another form is counted together."""
    found: dict[str, Waiting] = {}
    for work, waiting in troubles.items():
        name = work if _WORK.fullmatch(work) and len(work) <= 60 else _OTHER
        held = found.get(name, _NONE)
        found[name] = Waiting(held.count + waiting.count, max(held.oldest, waiting.oldest))
    return found


def _told(found: Gauges) -> Metric:
    buckets = [(str(bound), float(count)) for bound, count in zip(BOUNDS, found.told_within, strict=True)]
    return HistogramMetricFamily(
        "cancelamento_commercial_told_seconds",
        "From a request to Commercial's letter about it",
        buckets=[*buckets, ("+Inf", float(found.told))],
        sum_value=found.told_seconds,
    )


def _single(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _gauge(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _counter(name: str, told: str, labels: Sequence[str], values: Mapping[K, float]) -> Metric:
    family = CounterMetricFamily(name, told, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counts(waiting: Mapping[str, Waiting]) -> dict[str, float]:
    return {name: one.count for name, one in waiting.items()}


def _ages(waiting: Mapping[str, Waiting]) -> dict[str, float]:
    return {name: one.oldest for name, one in waiting.items()}
