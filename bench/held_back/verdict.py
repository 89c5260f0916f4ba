"""Who is on the front of attainment and cost, where Fairlead loses, and why, according to the figures."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from bench.held_back.contest import OURS
from fairlead.backtest.play import KEPT_GOAL

Row = Mapping[str, Any]
MUCH: Final = 0.01
"""A share of the requests."""


class Loss(StrEnum):
    """How a tuned contestant is better than ours on the part held back."""

    DOMINATED = "Dominated"
    """It keeps as much for as little, and is better in one of both."""
    CHEAPER = "Cheaper"
    """Both keep the objectives, and it costs less."""
    MISSED = "Missed"
    """It keeps the objectives, and ours does not."""


def tuned(one: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    """Ours, and all other tuned rows."""
    rows = {row["name"]: row for row in one["rows"]}
    return rows[OURS], [row for row in one["rows"] if not row["name"].startswith(OURS)]


def dominates(one: Row, other: Row) -> bool:
    """Pareto dominance on the part held back."""
    mine, its = one["held"], other["held"]
    no_worse = mine["kept"] >= its["kept"] and mine["gpu_hours"] <= its["gpu_hours"]
    return bool(no_worse and (mine["kept"] > its["kept"] or mine["gpu_hours"] < its["gpu_hours"]))


def on_front(row: Row, one: Mapping[str, Any]) -> bool:
    """Whether no row of the contest dominates it; ours by default is left out, since it is no rival of ours."""
    ours, rivals = tuned(one)
    return not any(dominates(other, row) for other in (ours, *rivals) if other is not row)


def keeps(row: Row) -> bool:
    """Whether the objectives were kept on the part held back."""
    return bool(row["held"]["kept"] >= KEPT_GOAL)


def wins(one: Mapping[str, Any]) -> bool:
    """Whether ours is on the front and keeps the objectives: serving nothing for nothing is on every front."""
    ours, _ = tuned(one)
    return on_front(ours, one) and keeps(ours)


def losses(one: Mapping[str, Any]) -> Iterator[tuple[Loss, Row]]:
    """Yield each of the others that is better in what counts."""
    ours, rivals = tuned(one)
    for row in rivals:
        if dominates(row, ours):
            yield Loss.DOMINATED, row
        elif keeps(row) and not keeps(ours):
            yield Loss.MISSED, row
        elif keeps(row) and row["held"]["gpu_hours"] < ours["held"]["gpu_hours"]:
            yield Loss.CHEAPER, row


def why(one: Mapping[str, Any], row: Row) -> str:
    """The figures' explanation: what tuning saw, what it did not, and what was paid for beyond the goal."""
    ours, _ = tuned(one)
    mine, its = ours["held"], row["held"]
    found = []
    fell = ours["tuned"]["kept"] - mine["kept"]
    if fell > MUCH and not keeps(ours):
        goal = "the first token" if mine["first"] < mine["pace"] else "the time between tokens"
        found.append(
            f"Fairlead was tuned to {ours['tuned']['kept']:.1%} and keeps {mine['kept']:.1%} here; "
            f"most misses are of {goal}"
        )
    if mine["kept"] > its["kept"] + MUCH:
        found.append(f"Fairlead keeps {100 * (mine['kept'] - its['kept']):.1f} points more, beyond the goal")
    if mine["gpu_hours"] > its["gpu_hours"]:
        found.append(f"Fairlead has {mine['replicas']:.1f} replicas on average (most {mine['most']}), "
                     f"the other {its['replicas']:.1f} (most {its['most']})")  # fmt: skip
    if not found:
        found.append(f"the other pays {its['gpu_hours'] / mine['gpu_hours'] - 1:+.0%} for it")
    return "; ".join(found)
