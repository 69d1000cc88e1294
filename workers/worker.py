"""The worker: which workflows and activities it runs, and how."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from temporalio import activity
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.billing import BillingActivities
from activities.billing_watch import BillingWatchActivities
from activities.crm import CrmActivities
from activities.guard import Guard
from activities.mail import MailActivities
from activities.mail_in import MailInActivities
from activities.previews import PreviewActivities
from activities.reconciliation import ReconciliationActivities
from activities.recordings import RecordingActivities
from activities.restoring import RestoreActivities
from activities.telephony import TelephonyActivities
from activities.terms import TermsActivities
from cancellation.adapters.temporal.histories import TemporalHistories
from cancellation.billing_watch import BillingWatcher
from cancellation.contract import CANCELLATIONS, INCOMING_MAILS, TASK_TIMEOUT
from cancellation.domain.policy import CancellationPolicy
from cancellation.mail_keys import MailKeys
from cancellation.mail_tasks import MailReminders
from cancellation.mailroom import Mailroom
from cancellation.reconciler import Reconciler
from workers.systems import Systems
from workflows.plugin import CancellationPlugin, tolerant

_MAILS_AT_ONCE: Final = 8
_MOST_MAILS: Final = 100


def activities_of(systems: Systems, policy: CancellationPolicy, guard: Guard) -> Sequence[Callable[..., Any]]:
    """Every activity of cases, over these systems."""
    crm = CrmActivities(systems.crm, systems.telephony, systems.letter_facts, systems.desk_url)
    billing = BillingActivities(systems.billing, guard)
    telephony = TelephonyActivities(systems.telephony, guard)
    recordings = RecordingActivities(systems.recordings, guard)
    mail = MailActivities(systems.mailer, systems.letter_facts)
    terms = TermsActivities(policy, brazilian_holidays)
    restoring = restoring_of(systems, guard, activity.client)
    previews = [PreviewActivities(systems.letter_facts).preview_end] if systems.letter_facts else []
    watching = []
    if systems.aftermath is not None and systems.watches is not None:
        watcher = BillingWatcher(
            systems.watches, systems.aftermath, systems.telephony, systems.mailer, policy, systems.desk_url
        )
        watching = [BillingWatchActivities(watcher, guard).watch_billing]
    return [
        crm.open_case,
        crm.record_case,
        billing.plan_billing_end,
        billing.lift_billing_end,
        billing.close_billing,
        telephony.read_inventory,
        telephony.record_port,
        telephony.deactivate_services,
        telephony.release_resources,
        recordings.export_recordings,
        recordings.revoke_links,
        recordings.purge_recordings,
        restoring.restore_records,
        mail.send_letters,
        terms.freeze_policy,
        *previews,
        *watching,
    ]


def restoring_of(systems: Systems, guard: Guard, client: Callable[[], Client]) -> RestoreActivities:
    """What gives these systems again what they have lost; `client` gives that of the engine which remembers it."""
    return RestoreActivities(
        CrmActivities(systems.crm, systems.telephony, systems.letter_facts, systems.desk_url),
        BillingActivities(systems.billing, guard),
        TelephonyActivities(systems.telephony, guard),
        RecordingActivities(systems.recordings, guard),
        TemporalHistories(client),
    )


def mail_activities_of(
    systems: Systems, policy: CancellationPolicy, mailroom: Mailroom, keys: MailKeys | None = None
) -> Sequence[Callable[..., Any]]:
    """Every activity of incoming mail, over these systems."""
    reminders = MailReminders(mailroom.ledger, systems.mailer, policy, brazilian_holidays)
    mail_in = MailInActivities(mailroom, reminders, keys)
    return [mail_in.handle_mail, mail_in.tell_of_mail]


def reconciliation_activities_of(reconciler: Reconciler, guard: Guard) -> Sequence[Callable[..., Any]]:
    """Every step of reconciliation; they run beside the cases'."""
    steps = ReconciliationActivities(reconciler, guard)
    return [steps.read_executions, steps.compare_records, steps.repair_findings, steps.tell_findings]


def brazilian_holidays(opened_on: date) -> tuple[date, ...]:
    """National holidays of the year of opening and the next, when a case still runs (X4)."""
    import holidays  # Not before the first case needs them.

    return tuple(sorted(holidays.country_holidays("BR", years=(opened_on.year, opened_on.year + 1))))


def cancellation_worker(
    client: Client,
    activities: Sequence[Callable[..., Any]],
    *,
    build_id: str | None = None,
    deployment_name: str = "cancelamento",
    task_queue: str = CANCELLATIONS,
    max_cached_workflows: int = 1000,
) -> Worker:
    """A worker for cancellations, not yet running.

    With a build id it takes part in worker versioning: open cases move on to the current version by
    themselves (auto upgrade), and `workflow.patched` keeps their histories valid.
    """
    return Worker(
        tolerant(client),
        task_queue=task_queue,
        activities=activities,
        plugins=[CancellationPlugin(client.data_converter.payload_codec)],
        max_cached_workflows=max_cached_workflows,
        # The same for a task that waits for the worker which knows the case, and which may have been killed.
        sticky_queue_schedule_to_start_timeout=TASK_TIMEOUT,
        graceful_shutdown_timeout=timedelta(seconds=8),
        deployment_config=_deployment(deployment_name, build_id) if build_id else None,
    )


def mail_worker(
    client: Client,
    activities: Sequence[Callable[..., Any]],
    *,
    build_id: str | None = None,
    deployment_name: str = "cancelamento",
    task_queue: str = INCOMING_MAILS,
) -> Worker:
    """A worker for incoming mail, not yet running: with slots of its own, so that it takes none of a case's (X9).

    Reading goes on in one process of its own, so more e-mails at a time would only wait for it.
    """
    return Worker(
        tolerant(client),
        task_queue=task_queue,
        activities=activities,
        plugins=[CancellationPlugin(client.data_converter.payload_codec)],
        max_cached_workflows=_MOST_MAILS,
        max_concurrent_activities=_MAILS_AT_ONCE,
        max_concurrent_workflow_tasks=_MAILS_AT_ONCE,
        graceful_shutdown_timeout=timedelta(seconds=8),
        deployment_config=_deployment(deployment_name, build_id) if build_id else None,
    )


def _deployment(name: str, build_id: str) -> WorkerDeploymentConfig:
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=name, build_id=build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
