"""An engine's start log as a sweep reads it: lines with their times, what they mean, and why a start failed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_ERROR: Final = re.compile(r"(Value error, .+?)(?: \[type=|$)|\b((?:[A-Z]\w*)?(?:Error|Exception|error): .+)")
"""Why a configuration is refused, the last line of a traceback, or an argument parser's error."""
_WRAPPING: Final = "See root cause above"
"""How vLLM's frontend ends its log after its engine core has given the cause."""
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line, and the seconds since the process started."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLog:
    """What a log reveals about a start."""

    phases: Mapping[str, float]
    """Seconds by phase, in their order; empty if the log lacks the engine's lines."""
    graphs_gib: float | None


def error(lines: Sequence[LogLine]) -> str:
    """Return why a start failed: the last error that names itself and a cause, else the last line."""
    named = [match[1] or match[2] for one in lines if (match := _ERROR.search(one.text))]
    found = [one for one in named if _WRAPPING not in one] or named
    words = found or [one.text for one in lines if one.text.strip()] or ["no log output"]
    return words[-1].strip()[:_SHOWN]
