"""Why a program in a pod failed, from its last words: of a traceback the line that names the error."""

import re
from typing import Final

_NAMED: Final = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt): ")


def cause(text: str, longest: int) -> str:
    """One line, its beginning where it is longer; empty where nothing was said."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    named = [line for line in lines if _NAMED.match(line)]
    line = (named or lines or [""])[-1]
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
