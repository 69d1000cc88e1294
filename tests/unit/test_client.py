"""What the client must agree on with the workers, and what is published of it."""

from temporalio import workflow

from cancellation import client
from cancellation.contract import CANCELLATIONS
from cancellation.messages.facts import SIGNALS
from starters.cli.schema import CONTRACT_FOLDER, schemas
from workflows import search_attributes
from workflows.cancellation import CancellationWorkflow


def test_client_and_workers_agree_on_names() -> None:
    found = workflow._Definition.must_from_class(CancellationWorkflow)
    assert found.name == client.WORKFLOW_TYPE
    assert client.TASK_QUEUE == CANCELLATIONS
    assert set(SIGNALS) == set(found.signals) - {None}
    assert {f"{name}_checked" for name in SIGNALS} == set(found.updates) - {None}
    assert set(found.queries) == {"status", "trail"}


def test_client_and_workers_agree_on_search_attributes() -> None:
    for name in ("STAGE", "CUSTOMER", "PROTOCOL", "CHANNEL", "REASON", "NOTICE_END", "ATTENTION"):
        ours, theirs = getattr(client, name), getattr(search_attributes, name)
        assert (ours.name, ours.indexed_value_type) == (theirs.name, theirs.indexed_value_type)
        assert ours.name in search_attributes.REGISTRY


def test_schemas_of_the_contract_are_up_to_date() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in CONTRACT_FOLDER.glob("*.json")}
    assert committed == schemas(), "run: cancelamento schema"
