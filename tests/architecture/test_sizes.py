"""A file is read in one go: what is longer than that says why."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "activities",
    "benchmarks",
    "cancellation",
    "embedded",
    "samples",
    "starters",
    "tests",
    "workers",
    "workflows",
)
MOST_LINES = 400
LONGER = {
    "benchmarks/statements.py": "one measurement with the tables that it prints",
    "cancellation/adapters/memory/crm.py": "one port",
    "cancellation/adapters/memory/desk.py": "one port",
    "cancellation/adapters/objectstore/archive.py": "one format, written as a stream",
    "cancellation/application/letters.py": "what each kind of letter says, one after the other",
    "cancellation/application/tasks.py": "what each kind of task says, one after the other",
    "cancellation/dossier/sheet.py": "one document, section by section",
    "cancellation/dossier/verificar.py": "travels as one file",
    "cancellation/domain/facts.py": "every fact that can be reported, one after the other",
    "cancellation/domain/procedure.py": "the procedure, from the request to the end",
    "cancellation/language/vocabulary.py": "a list of words",
    "cancellation/messages/letter_contents.py": "one data class for each kind of letter",
    "cancellation/domain/answers.py": "every answer of a system, one after the other",
    "starters/desk/cases.py": "a case's page, and each of its acts",
    "tests/contract/billing_suite.py": "one port's contract",
    "tests/contract/desk_suite.py": "one port's contract",
    "tests/contract/evidence_suite.py": "one port's contract",
    "tests/contract/recordings_suite.py": "one port's contract",
    "tests/contract/test_erasure.py": "every table and column",
    "tests/contract/test_odd_recordings.py": "one port's oddities",
    "tests/contract/test_smtp.py": "one protocol, in every way",
    "tests/contract/test_telephony_kamailio.py": "one real system",
    "tests/contract/watch_suite.py": "one watch's contract",
    "tests/durable/house.py": "the rig of whole cases",
    "tests/e2e/test_cli.py": "every command's way with what is wrong",
    "tests/e2e/test_desk.py": "a whole case in the browser, page by page",
    "tests/e2e/test_gateway.py": "one page, asked in every way",
    "tests/e2e/test_inbox.py": "one way in",
    "tests/unit/application/test_answers.py": "every answer, one after the other",
    "tests/unit/domain/test_case.py": "one object",
    "tests/unit/domain/test_ledger.py": "one object",
    "tests/unit/domain/test_procedure.py": "one object",
    "tests/unit/letters/test_texts.py": "every letter, one after the other",
}


def sizes() -> dict[str, int]:
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in found}


def test_a_long_file_has_a_reason() -> None:
    assert {path for path, lines in sizes().items() if lines > MOST_LINES} == LONGER.keys()


@pytest.mark.parametrize("path", LONGER)
def test_and_is_not_much_longer(path: str) -> None:
    assert sizes()[path] <= 1.5 * MOST_LINES
