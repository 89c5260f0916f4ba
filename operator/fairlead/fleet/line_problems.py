"""Problems in a user's file of lines, as a person can find and correct them."""

import json
from dataclasses import dataclass
from typing import Final

_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProblem:
    """Why a line cannot be used."""

    line: int
    field: str
    value: object
    because: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Format with the line number, the field, its value, the reason and the remedy."""
        return f"line {self.line}: {self.field}: {shown(self.value)}: {self.because}; {self.remedy}"


def shown(value: object) -> str:
    """Format a value briefly, and without what would disturb a terminal."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in short) if short.strip() else "blank"
