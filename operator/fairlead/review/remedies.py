"""What is known about each reason of a condition: its cause, what to do about it, and the command for that. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.documents import yaml_document

CALM: Final = "Nothing is wrong."
"""How the cause of a reason begins that needs no action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """The entry for one reason."""

    cause: str
    action: str
    """What to do; empty if nothing must be done."""
    command: str
    """With `demo` and `chat` for namespace and name, POD and NAME for what the message names."""

    @property
    def is_calm(self) -> bool:
        """Whether nothing is wrong."""
        return self.cause.startswith(CALM)


def read(text: str) -> dict[str, Remedy]:
    """Read every reason of the packaged text."""
    return {name: _remedy(entry) for name, entry in yaml_document.read(text).items()}


def _remedy(entry: Mapping[str, str]) -> Remedy:
    return Remedy(cause=entry["cause"], action=entry.get("remedy", ""), command=entry.get("command", ""))
