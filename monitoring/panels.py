"""The elements of a dashboard: panels in rows, and the variables that choose what they show."""

from dataclasses import dataclass
from enum import StrEnum

from monitoring.queries import Query


class PanelKind(StrEnum):
    """How Grafana draws it."""

    LINES = "timeseries"
    NUMBER = "stat"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    text: str = ""
    """What the title does not say."""
    kind: PanelKind = PanelKind.LINES
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class PanelRow:
    """Panels under one title."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard: the values of a label."""

    name: str
    values: str
    """A Grafana query: `label_values(series, label)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard; its file has its name."""

    name: str
    title: str
    text: str
    variables: tuple[Variable, ...]
    rows: tuple[PanelRow, ...]


def lines(title: str, *queries: Query, unit: str = "short", text: str = "", stacked: bool = False) -> Panel:
    """Values over time."""
    return Panel(title=title, queries=queries, unit=unit, text=text, stacked=stacked)


def number(title: str, query: str, unit: str = "short", text: str = "") -> Panel:
    """The last value."""
    return Panel(title=title, queries=(Query(query),), unit=unit, text=text, kind=PanelKind.NUMBER)


def table(title: str, query: str, text: str = "") -> Panel:
    """The last value of each series, with its labels."""
    return Panel(title=title, queries=(Query(query),), text=text, kind=PanelKind.TABLE)
