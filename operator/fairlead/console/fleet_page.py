"""The fleet: every deployment that the reader may see, what is wrong first, page by page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fairlead.console import diagnosis_section, figures
from fairlead.console.diagnosis_section import DOUBTFUL, DOWN
from fairlead.console.document import PageFrame, document
from fairlead.console.elements import Markup, element, table
from fairlead.console.fleet_row import FleetRow
from fairlead.fleet.plurals import count

PAGE_ROWS: Final = 50
HEADS: Final = (
    *("Deployment", "State", "Ready", "Concurrency of a replica", "Accelerators", "Cost an hour"),
    "What is wrong",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetQuery:
    """The rows to show."""

    words: str = ""
    """A part of a name, a namespace or a reason; empty for all."""
    page: int = 1

    def chosen(self, rows: Sequence[FleetRow]) -> Sequence[FleetRow]:
        """Select the rows that contain the words."""
        wanted = self.words.lower()
        return [one for one in rows if wanted in f"{one.namespace}/{one.name} {one.state} {one.trouble}".lower()]


def page(rows: Sequence[FleetRow], query: FleetQuery, frame: PageFrame) -> str:
    """Build the whole page."""
    chosen = query.chosen(rows)
    last = max(1, math.ceil(len(chosen) / PAGE_ROWS))
    at = min(max(1, query.page), last)
    shown = chosen[(at - 1) * PAGE_ROWS : at * PAGE_ROWS]
    found = _table(shown, frame) if shown else element("p", _nothing(rows, query), class_="note")
    return document("Fleet", frame, _totals(rows), _search(query, frame), found, _pager(query, at, last))


def _totals(rows: Sequence[FleetRow]) -> Markup:
    costs = [one.cost_per_hour for one in rows if one.cost_per_hour is not None]
    states = [one.state for one in rows]
    cells = (
        ("Deployments", figures.count(len(rows))),
        ("Down", figures.count(states.count(DOWN))),
        ("Doubtful", figures.count(states.count(DOUBTFUL))),
        ("Replicas ready", figures.count(sum(one.ready for one in rows))),
        ("Accelerators in use", figures.count(sum(one.accelerators for one in rows))),
        ("Cost an hour", figures.money(math.fsum(costs) if costs else None)),
    )
    return element("dl", *(element("div", element("dt", name), element("dd", value)) for name, value in cells))


def _search(query: FleetQuery, frame: PageFrame) -> Markup:
    words = element("input", id="words", name="words", type="search", value=query.words, maxlength="100")
    label = element("label", "Name, namespace or reason", for_="words")
    return element("form", label, words, element("button", "Search"), action=frame.link(), role="search")


def _table(rows: Sequence[FleetRow], frame: PageFrame) -> Markup:
    return table(
        HEADS,
        (
            (
                element("a", f"{one.namespace}/{one.name}", href=frame.link("deployments", one.namespace, one.name)),
                state(one.state),
                f"{one.ready} of {figures.count(one.wanted)}",
                one.concurrency,
                figures.count(one.accelerators),
                figures.money(one.cost_per_hour),
                one.trouble,
            )
            for one in rows
        ),
        text_from=6,
    )


def state(word: str) -> Markup:
    """Show a state with its sign."""
    return element("span", f"{diagnosis_section.SIGNS[word]} {word}", class_=f"state {word}")


def _nothing(rows: Sequence[FleetRow], query: FleetQuery) -> str:
    if rows:
        return f"None of {count(len(rows), 'deployment')} has {query.words!r} in it; leave the field empty for all."
    return "There is no InferenceDeployment in the namespaces that you may read."


def _pager(query: FleetQuery, at: int, last: int) -> Markup | None:
    if last == 1:
        return None
    words = {"words": query.words} if query.words else {}
    links = (
        element("a", text, href=f"?{urlencode({**words, 'page': str(number)})}", rel=rel)
        for text, number, rel in (("Previous", at - 1, "prev"), ("Next", at + 1, "next"))
        if 1 <= number <= last
    )
    return element("nav", *links, element("span", f"Page {at} of {last}"), class_="pager", aria_label="Pages")
