"""What an ordinary case costs the database, by the server's own count."""

from pathlib import Path

from benchmarks.statements import COMMITS, STATEMENTS, measure


async def test_an_ordinary_case_takes_few_statements_and_commits(open_folder: Path) -> None:
    folder = open_folder / "statements"
    folder.mkdir(mode=0o711)
    cost = await measure(folder)
    assert len(cost.steps) == 16
    assert cost.statements <= STATEMENTS, cost.steps
    assert cost.commits <= COMMITS, cost.steps
    # Counted in two ways; they agree, so nothing is missing from either.
    assert cost.commits == sum(step.commits for step in cost.steps)
