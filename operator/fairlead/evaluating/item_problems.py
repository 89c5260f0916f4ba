"""Problems in lines of an item file."""

import json
from dataclasses import dataclass
from typing import Final

_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemProblem:
    """One line that cannot be used."""

    line: int
    field: str
    value: object
    because: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Format as a sentence."""
        written = self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False, default=str)
        shown = written if len(written) <= _SHOWN else f"{written[: _SHOWN - 3]}..."
        shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in shown)
        return f"line {self.line}: {self.field}: {shown}: {self.because}; {self.remedy}"


class ItemFieldError(ValueError):
    """A field of an item is invalid."""

    def __init__(self, field: str, value: object, *, because: str, remedy: str) -> None:
        super().__init__(because)
        self.field = field
        self.value = value
        self.because = because
        self.remedy = remedy

    def on_line(self, line: int) -> ItemProblem:
        """Add the line number."""
        return ItemProblem(line=line, field=self.field, value=self.value, because=self.because, remedy=self.remedy)
