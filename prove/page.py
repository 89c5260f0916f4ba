"""docs/evidence.md: each claim, its figure and how to reproduce it. Rendered, never hand-edited."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from prove.claims import Claim, ordered
from prove.ledger import Record

NAME: Final = "evidence.md"

_HEAD: Final = """\
# Evidence

Every claim below is a program: `make prove ITEM=house.4` runs it here and prints the figure on its last line.
This page is rendered from the claims and from `docs/evidence.json`; `make check` fails when it is not.
Figures belong to the machine, the day and the commit beside them; `+` after a commit: on changes to it.
"""


def render(claims: Sequence[Claim], records: Mapping[str, Record]) -> str:
    """Render the whole page."""
    sections = [_HEAD]
    for word, members in groupby(ordered(claims), key=lambda claim: claim.item.partition(".")[0]):
        sections.append(f"## {word}\n")
        sections.extend("\n".join(_section(claim, records.get(claim.item))) for claim in members)
    return "\n".join(sections)


def _section(claim: Claim, record: Record | None) -> Iterator[str]:
    yield f"### {claim.item}\n\n{claim.title}\n"
    if record is None:
        yield "- not recorded yet\n"
        return
    verdict = "holds" if record.holds else "does **not** hold"
    yield f"- {verdict}: {record.figure}"
    commit = f" at commit {record.commit}" if record.commit else ""
    yield f"- {record.date}{commit}, {record.seconds:.0f} s, on {record.machine}"
    yield f"- `{record.command}`\n"
