"""What the client must agree on with the workers, and what is published of it."""

from temporalio import workflow

from cancellation import contract
from cancellation.messages.facts import SIGNALS
from starters.cli.catalogue import COMMANDS
from starters.cli.schema import CONTRACT_FOLDER, contract_files
from workflows.cancellation import CancellationWorkflow


def test_handlers_and_client_take_names_and_words_from_the_contract() -> None:
    found = workflow._Definition.must_from_class(CancellationWorkflow)
    assert found.name == contract.CANCELLATION
    assert {fact.name: fact.description for fact in contract.FACTS} == {
        name: signal.description for name, signal in found.signals.items() if name
    }
    assert {fact.update for fact in contract.FACTS} == set(found.updates) - {None}
    assert {fact.name: fact.model for fact in contract.FACTS} == SIGNALS
    # `script` answers with a letter of ours, for the desk; what others rely on are the first two.
    assert set(found.queries) == {"status", "trail", "script"}


def test_every_fact_that_a_person_reports_has_a_command() -> None:
    assert {fact.command for fact in contract.FACTS if fact.command} <= set(COMMANDS)


def test_what_is_published_of_the_contract_is_what_the_command_writes() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in CONTRACT_FOLDER.iterdir()}
    assert committed == contract_files(), "run: cancelamento schema"
