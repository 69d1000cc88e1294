"""How the process says no: which field, and what is wrong with it, in words for the person who sent it."""

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """One thing wrong with a message: the field's path (`reason.text`) and the problem in Portuguese."""

    model_config = ConfigDict(frozen=True)

    field: str
    problem: str


class Refused(Exception):
    """A message is refused; nothing changed. Carries every problem found (X8)."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.problem}" for p in problems))
        self.problems = list(problems)


def refuse(field: str, problem: str) -> Refused:
    """Shorthand for a refusal with one problem, to be raised by the caller."""
    return Refused(Problem(field=field, problem=problem))
