"""One customer's cancellation: what it remembers (`state`), and everything that may happen to it.

Facts that others report are in `facts`, the steps of the procedure and of time in `procedure`, what other systems
answered in `answers`. Each verb changes the case, says what happened (`events`) and what is owed (`commands`).
"""

from cancellation.domain.answers import Answers


class Case(Answers):
    """One customer's cancellation."""
