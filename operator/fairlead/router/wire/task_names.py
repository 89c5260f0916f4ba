"""The task that a client's request names in its header: the same text as in the report of how the task ended."""

from collections.abc import Mapping
from typing import Final

HEADER: Final = b"x-fairlead-task"


def of(headers: Mapping[bytes, bytes]) -> str:
    """Return the task's name, empty without one: in UTF-8, as a report's JSON has it, or else in Latin-1, which HTTP
    once meant."""
    name = headers.get(HEADER, b"")
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")
