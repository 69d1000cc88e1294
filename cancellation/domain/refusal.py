"""How the process says no: which field, and what is wrong with it, in words for the person who sent it."""

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
