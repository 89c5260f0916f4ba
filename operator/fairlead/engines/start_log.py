"""A log of an engine's start as a sweep reads it: lines with their times, what they say, and why a start failed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_ERROR: Final = re.compile(r"(Value error, .+?)(?: \[type=|$)|\b((?:[A-Z]\w*)?(?:Error|Exception|error): .+)")
"""What a configuration is refused for, the last line of a traceback, or what the parser of arguments says."""
_WRAPPING: Final = "See root cause above"
"""What vLLM's front ends its log with when its engine core has said why."""
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line, and the seconds from the start of the process at which it came."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLog:
    """What a log says of a start."""

    phases: Mapping[str, float]
    """Seconds by phase, in their order; empty if the log lacks the engine's lines."""
    graphs_gib: float | None


def error(lines: Sequence[LogLine]) -> str:
    """Why a start failed: the last error that names itself and a cause, else the last words."""
    named = [match[1] or match[2] for one in lines if (match := _ERROR.search(one.text))]
    found = [one for one in named if _WRAPPING not in one] or named
    words = found or [one.text for one in lines if one.text.strip()] or ["it said nothing"]
    return words[-1].strip()[:_SHOWN]
