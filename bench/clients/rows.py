"""Results of the clients' calls as rows, for the terminal and for the page of the docs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

HEAD: Final = ("client", "call", "", "what came of it")
PAGE_HEAD: Final = """\
# Real clients through the router

Made by `make bench-clients`, never by hand: unmodified programs of other projects send requests to our router, with
simulated engines upstream. `vllm bench serve` alternates between an engine directly and the same through the router.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call of one client."""

    client: str
    version: str
    call: str
    well: bool
    note: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns, in the order of the head."""
        return (f"{self.client} {self.version}", self.call, "✓" if self.well else "✗", " ".join(self.note.split()))


def text(rows: Sequence[Row]) -> str:
    """An aligned table."""
    table = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(row[place]) for row in table) for place in range(3)]
    shown = ("  ".join([*(c.ljust(w) for c, w in zip(row[:3], widths, strict=True)), row[3]]) for row in table)
    return "\n".join([*(line.rstrip() for line in shown), verdict(rows)])


def verdict(rows: Sequence[Row]) -> str:
    """The last line."""
    well = sum(row.well for row in rows)
    return f"{well} of {len(rows)} went well" + "".join(f"; not: {row.client}: {row.call}" for row in _bad(rows))


def _bad(rows: Sequence[Row]) -> Iterator[Row]:
    return (row for row in rows if not row.well)


def page(rows: Sequence[Row], when: str, machine: str) -> str:
    """The page as Markdown."""
    cells = (" | ".join(cell.replace("|", "\\|") for cell in row.cells) for row in rows)
    table = [f"| {' | '.join(HEAD)} |", "|---|---|---|---|", *(f"| {one} |" for one in cells)]
    return "\n".join([PAGE_HEAD, f"{when}, {machine}: {verdict(rows)}.", "", *table]) + "\n"
