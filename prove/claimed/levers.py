"""The claim about docs/levers.md: its figures are the simulator's, and each of its fleets keeps its objectives."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench.levers import page
from fairlead.backtest.play import KEPT_GOAL
from prove import programs
from prove.claims import Claim, Figure

APART: Final = 0.02
"""Of a cost: the same seeds give the same figures but for the last digit."""


def the_page_is_true() -> Figure:
    """Simulate both services again, and compare with the figures of the committed page."""
    ran = programs.module("bench.levers")
    if not ran.ok:
        return Figure(holds=False, text=f"the benchmark ended with {ran.code}")
    return judged(json.loads(ran.output[ran.output.index("[\n") :]), page.kept())


def judged(found: Sequence[Mapping[str, Any]], kept: Sequence[Mapping[str, Any]]) -> Figure:
    """Factors, the largest cost difference from the page, and fleets that miss their objectives."""
    apart = max(
        (_apart(*pair) for one, other in zip(found, kept, strict=True) for pair in _pairs(one, other)), default=1
    )
    missed = [step["lever"] for one in found for step in one["steps"] if step["stays"] and not _keeps(step)]
    words = []
    for one in found:
        cheaper, sooner = page.factors(one)
        words.append(
            f"{one['service']}: {cheaper:.1f} times cheaper, {sooner:.1f} times sooner; most by {_largest(one)}"
        )
    return Figure(
        holds=apart <= APART and not missed,
        text=f"{'; '.join(words)}; at most {apart:.1%} from the page"
        + (f"; missed: {', '.join(missed)}" if missed else ""),
    )


def _pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[float, float]]:
    steps = zip(one["steps"], other["steps"], strict=True)
    return [(a["found"]["usd_an_hour"], b["found"]["usd_an_hour"]) for a, b in steps if a["found"] and b["found"]]


def _apart(one: float, other: float) -> float:
    return abs(one - other) / max(one, other)


def _keeps(step: Mapping[str, Any]) -> bool:
    return step["found"] is not None and step["found"]["kept"] >= KEPT_GOAL


def _largest(one: Mapping[str, Any]) -> str:
    """The lever that takes the largest part of the cost before it."""
    steps = [step for step in one["steps"] if step["stays"] and step["found"]]
    costs = [step["found"]["usd_an_hour"] for step in steps]
    parts = [(after / before, step["lever"]) for before, after, step in zip(costs, costs[1:], steps[1:], strict=False)]
    part, lever = min(parts)
    return f"{lever} ({1 - part:.0%} less)"


CLAIMS: Final = (
    Claim(
        item="simulate.1",
        title="docs/levers.md: from a naive fleet to a full one on Azure's conversations and on Claude Code sessions, "
        "lever by lever, cost and latency as the simulator finds them again; every fleet of it keeps its objectives",
        prove=the_page_is_true,
        slow=True,
    ),
)
