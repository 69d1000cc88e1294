"""Every outside call there is, read from the ports themselves: a new one is here without anybody remembering."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cancellation import ports


@dataclass(frozen=True, order=True)
class Call:
    """A method of an outside system, by the system's name in `workers.worker.Systems`."""

    system: str
    method: str

    def __str__(self) -> str:
        return f"{self.system}.{self.method}"


SEND: Final = Call("mailer", "send")

NOT_CALLED: Final = {
    "billing.aftermath": "the watch after closure reads (X10), no case",
    "billing.take_back": "the watch after closure takes back (X10), no case",
    "billing.undue": "the watch after closure looks (X10), no case",
    "billing.void_undue": "the watch after closure voids (X10), no case",
    "crm.keep_original": "reception keeps an e-mail before it passes it on",
    "inbox.keep_keys": "after an e-mail was handled; what fails there is left, and no case waits for it",
    "inbox.keys_of": "after an e-mail was handled; what fails there is left, and no case waits for it",
    "inbox.copies": "the command `formalize`, for a person who vouches for an e-mail",
    "inbox.close_task": "the command `mail --refused-by`",
    "inbox.keep_decision": "the command `mail --refused-by`",
    "inbox.mails_of": "the command `mail`",
    "inbox.decisions": "labels for `make reader`",
    "inbox.mail_tasks": "the command `inbox --tasks`",
    "Licences.of": "what Kamailio's telephony asks for itself, behind the port",
    "Licences.deactivate": "what Kamailio's telephony asks for itself, behind the port",
    "Licences.release": "what Kamailio's telephony asks for itself, behind the port",
    "Licences.released_by": "what Kamailio's telephony asks for itself, behind the port",
}
"""Methods that no story calls, and why, by system; by port, where no system of a worker has it."""


def protocols() -> dict[str, type]:
    """Every Protocol of the ports, by name."""
    return {name: one for name, one in vars(ports).items() if _is_protocol(one)}


def methods(port: type) -> set[str]:
    """The calls of a port."""
    return {
        name
        for name in dir(port)
        if not name.startswith("_") and inspect.iscoroutinefunction(getattr(port, name))
    }


def calls(adapters: Mapping[str, object]) -> set[Call]:
    """Every call of these systems: the methods of all ports that each has."""
    return {
        Call(name, method)
        for name, adapter in adapters.items()
        for port in protocols().values()
        if _has(adapter, port)
        for method in methods(port)
    }


def ports_without(adapters: Mapping[str, object]) -> Iterator[str]:
    """Methods of ports that none of these systems has."""
    for name, port in protocols().items():
        if not any(_has(adapter, port) for adapter in adapters.values()):
            yield from (f"{name}.{method}" for method in methods(port))


def _has(adapter: object, port: type) -> bool:
    return methods(port) <= methods(type(adapter))


def _is_protocol(one: Any) -> bool:
    return inspect.isclass(one) and one is not Protocol and getattr(one, "_is_protocol", False)
