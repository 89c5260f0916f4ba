"""Extracts from a failed program's last output why it failed: from a traceback, the line with the error."""

import re
from typing import Final

_NAMED: Final = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt): ")


def cause(text: str, longest: int) -> str:
    """Return one line, cut to `longest`; empty if there was no output."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    named = [line for line in lines if _NAMED.match(line)]
    line = (named or lines or [""])[-1]
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
