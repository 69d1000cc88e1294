"""How the process says no: which field, and why; the words for people are in `cancellation.language`."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """One thing wrong with a message: the field's path (`reason.text`) and the problem in Portuguese."""

    model_config = ConfigDict(frozen=True)

    field: str
    problem: str

    @property
    def told(self) -> str:
        """For whoever reads it: the field by its name, unless the problem is the message's or the case's own."""
        return self.problem if self.field in _NO_FIELDS else f"“{self.field}”: {self.problem}"


_NO_FIELDS = frozenset({"stage", "notice", "payload", "name", "start"})
"""What a problem is about that no field of the message can mend."""


class Refused(Exception):
    """A message is refused; nothing changed. Carries every problem found (X8)."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.problem}" for p in problems))
        self.problems = list(problems)

    @property
    def told(self) -> str:
        """Every problem, for whoever reads it."""
        return "; ".join(problem.told for problem in self.problems)


def refuse(field: str, problem: str) -> Refused:
    """Shorthand for a refusal with one problem, to be raised by the caller."""
    return Refused(Problem(field=field, problem=problem))


class RuleBroken(Exception):
    """A rule of the process forbids what was asked; nothing changed.

    `rule` is a code; `language.refusals` says it for people, with `data`.
    """

    def __init__(self, field: str, rule: str, **data: Any) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule
        self.data = data
