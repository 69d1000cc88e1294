"""What is found in a run."""

from collections import Counter
from dataclasses import dataclass, field

from tests.production.stories import Case


@dataclass
class Findings:
    """What came of a run."""

    cases: list[Case]
    replayed: int = 0
    taken_over: int = 0
    """Cases that one version of the workers began and the next one ended."""
    wrong: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    back_after: dict[str, float] = field(default_factory=dict)
    """Seconds from the end of a process to its own word that it is ready again."""
    told: list[str] = field(default_factory=list)
    """What else was measured, a sentence each."""
    memory: dict[str, int] = field(default_factory=dict)
    """The most that a container's processes have had, in bytes."""
    tasks: dict[str, int] = field(default_factory=dict)
    """The most that they have been, threads and processes."""
    connections: Counter[str] = field(default_factory=Counter)
    """The most at one moment, by the database's user."""
    encrypted: set[str] = field(default_factory=set)
    """Users of whom a session came over the network into the database in TLS."""
    in_clear: set[str] = field(default_factory=set)
    """The same without."""
    letters: int = 0
    repeated: int = 0
    """Letters that came twice, with the same Message-ID."""
