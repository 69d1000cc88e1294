"""Every outside call there is, read from the ports themselves: a new one is here without anybody remembering."""

import inspect
import typing
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cancellation import ports
from workers.worker import Systems


@dataclass(frozen=True, order=True)
class Call:
    """A method of an outside system, by the system's name in `Systems`."""

    system: str
    method: str

    def __str__(self) -> str:
        return f"{self.system}.{self.method}"


SEND: Final = Call("mailer", "send")

NOT_CALLED: Final = {
    "Billing.undue": "the watch after closure looks (X10), no case",
    "Billing.void_undue": "the watch after closure voids (X10), no case",
    "Crm.keep_original": "reception keeps an e-mail before it passes it on",
    "Crm.customers_by_cnpj": "asked for e-mails alone that name a CNPJ, like every other clue",
    "MailLedger.copies": "the command `formalize`, for a person who vouches for an e-mail",
    "MailLedger.close_task": "the command `inbox --dismiss`",
    "MailLedger.mail_tasks": "the command `inbox --tasks`",
}
"""Methods that no story calls, and why; everything else is in the matrix."""


def protocols() -> dict[str, type]:
    """Every Protocol of the ports, by name."""
    found = {**vars(ports)}
    return {name: one for name, one in found.items() if _is_protocol(one)}


def systems() -> dict[str, type]:
    """What a worker is given, by the name under which it is given: the port of each."""
    hints = typing.get_type_hints(Systems)
    return {
        name: next(one for one in (hint, *typing.get_args(hint)) if _is_protocol(one))
        for name, hint in hints.items()
    }


def methods(port: type) -> set[str]:
    """The calls of a port."""
    return {
        name
        for name in dir(port)
        if not name.startswith("_") and inspect.iscoroutinefunction(getattr(port, name))
    }


def every_call() -> set[Call]:
    """Every method of every system that a worker is given."""
    return {Call(name, method) for name, port in systems().items() for method in methods(port)}


def described(call: Call) -> str:
    """The call as `NOT_CALLED` names it."""
    return f"{systems()[call.system].__name__}.{call.method}"


def _is_protocol(one: Any) -> bool:
    return inspect.isclass(one) and one is not Protocol and getattr(one, "_is_protocol", False)
