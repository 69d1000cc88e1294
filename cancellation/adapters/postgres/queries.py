"""Queries by name, as they stand in `.sql` files: a line `-- name: words` begins each of them."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

_NAME: Final = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


class BadQueryFile(Exception):
    """A file of queries that cannot be told apart: nothing is named, or a name twice."""


@cache
def queries(file: str, package: str = f"{__package__}.sql") -> Mapping[str, str]:
    """The queries of a file that the program ships, by name.

    Args:
        file: its name without `.sql`, such as `crm`.
        package: the package in which it lies.

    Raises:
        BadQueryFile: see above.
    """
    text = resources.files(package).joinpath(f"{file}.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    names, statements = parts[::2], parts[1::2]
    found = dict(zip(names, map(str.strip, statements), strict=True))
    if not names or len(found) < len(names):
        raise BadQueryFile(f"{file}.sql: no name, or a name twice")
    return MappingProxyType(found)
