"""`python -m bench.right_sizing.served_frontier`: the frontier of cost and accuracy, through a real router.

The same tasks and routes as `bench.right_sizing` runs in process, with the same answers, since those are drawn by
model, task and attempt. The router's figures of cost, escalations and misrouted tasks are compared with what models
counted, what clients saw, and what the run in process gives: all must be equal. The last line is the frontier.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isclose
from pathlib import Path
from typing import Final

import uvloop

from bench.gateway_world.answering import Json
from bench.right_sizing import frontier, served, task_mix
from bench.right_sizing.__main__ import FRONTIER_PAGE, frontier_rows
from bench.right_sizing.frontier import LARGE, SMALL, FrontierPoint
from bench.right_sizing.served import ServedModels, TaskResult
from bench.right_sizing.task_mix import LabelledTask
from fairlead.fleet.model_routes import ModelRoute

TASKS: Final = 1500
EXACT: Final = 1e-6
SAVED: Final = 1 / 3
LOST_POINTS: Final = 3.0
"""At least one route must save a third of the money and lose at most this many percentage points."""
SHOWN: Final = frozenset(
    {
        "always small",
        "rules, estimated",
        "rules, named by clients",
        "cascade, confidence 0.70",
        "cascade, confidence 0.80",
    }
)
"""Routes compared with always large in the last line."""
SIZES: Final = {"ns/small": "small", "ns/large": "large"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRoute:
    """One way to route: the router's figures, the true ones, and those of the run in process."""

    point: FrontierPoint
    cost: float
    true_cost: float
    accuracy: float
    escalated: float
    misrouted: Mapping[str, float]
    """By size of the first target, as the router counts: tasks for which it was too small."""
    true_misrouted: Mapping[str, float]

    def broken(self) -> list[str]:
        """Figures that are not equal."""
        name, point = self.point.name, self.point
        pairs = {
            "cost": (self.cost, self.true_cost),
            "cost in the rooms": (self.cost, point.cost),
            "accuracy": (self.accuracy, point.accuracy),
            "escalated": (self.escalated, point.escalated),
        }
        wrong = {what: pair for what, pair in pairs.items() if not isclose(*pair, rel_tol=EXACT, abs_tol=1e-12)}
        found = [f"{name}: {what}: {one:.6g} through the router, {other:.6g}" for what, (one, other) in wrong.items()]
        if self.misrouted != self.true_misrouted:
            found.append(f"{name}: misrouted: reported {dict(self.misrouted)}, true {dict(self.true_misrouted)}")
        return found


async def measured(tasks: Sequence[LabelledTask], folder: Path) -> list[ServedRoute]:
    """Run all routes in turn through one router; each has models of its own names, to be counted separately."""
    ways = list(frontier.routes())
    models = ServedModels(
        {
            f"{size}-{place}": model
            for place in range(len(ways))
            for size, model in (("small", SMALL), ("large", LARGE))
        },
        {one.number: one for one in tasks},
    )
    routes = [_document(route, place) for place, (_, route, _) in enumerate(ways)]
    found = []
    async with served.served(folder, models, routes) as router:
        for place, (name, route, named) in enumerate(ways):
            results = await served.answered(router, f"route-{place}", tasks, named=named)
            page = await router.metrics()
            point = frontier.played(name, route, tasks, named=named)
            found.append(_found(point, place, models, results, page))
    return found


def _document(route: ModelRoute, place: int) -> Json:
    """The route with the names of its models in this run."""

    def moved(target: str) -> str:
        return f"external/{SIZES[target]}-{place}"

    cascade = route.cascade
    placed = replace(
        route,
        name=f"route-{place}",
        target=None if route.target is None else moved(route.target),
        rules=tuple(replace(one, target=moved(one.target)) for one in route.rules),
        cascade=None if cascade is None else replace(cascade, targets=tuple(map(moved, cascade.targets))),
    )
    document: Json = served.document_of(placed)
    return document


def _found(
    point: FrontierPoint, place: int, models: ServedModels, results: Sequence[TaskResult], page: Mapping[str, float]
) -> ServedRoute:
    names = [f"{size}-{place}" for size in ("small", "large")]
    count = len(results)

    def sample(family: str, name: str, *labels: str) -> float:
        of = ",".join((*labels, f'target="external/{name}",revision=""'))
        return page.get(f"fairlead_router_{family}{{{of}}}", 0.0)

    return ServedRoute(
        point=point,
        cost=sum(sample("cost_total", name, f'model="route-{place}"') for name in names),
        true_cost=models.cost(*names),
        accuracy=sum(one.right for one in results) / count,
        escalated=sum(one.escalated for one in results) / count,
        misrouted={name[:5]: sample("misrouted_tasks", name) / count for name in names},
        true_misrouted={name[:5]: _misrouted(name, results) / count for name in names},
    )


def _misrouted(name: str, results: Sequence[TaskResult]) -> int:
    """Tasks that started at this model and failed, or that a larger one had to answer."""
    began = [one for one in results if one.target == f"external/{name}" and not one.escalated]
    moved = [one for one in results if one.escalated] if name.startswith("small") else []
    return sum(not one.right for one in began) + len(moved)


def broken(found: Sequence[ServedRoute]) -> list[str]:
    """The violations, in words."""
    wrong = [each for one in found for each in one.broken()]
    large = next(one.point for one in found if one.point.name == "always large")
    good = [
        one.point.name
        for one in found
        if one.point is not large and one.point.saved(large) >= SAVED and one.point.lost(large) <= LOST_POINTS
    ]
    if not good:
        wrong.append(f"no route saves {SAVED:.0%} and loses at most {LOST_POINTS:g} points")
    page = FRONTIER_PAGE.read_text(encoding="utf-8")
    return wrong + [f"{FRONTIER_PAGE.name} has not {row!r}" for row in frontier_rows() if row not in page]


def _text(one: ServedRoute, large: FrontierPoint) -> str:
    point = one.point
    return (
        f"{point.name}: right {one.accuracy:.1%}, saved {point.saved(large):.1%}, lost {point.lost(large):.1f} points, "
        f"misrouted {point.misrouted:.1%} ({sum(one.misrouted.values()):.1%} in metrics)"
    )


def main() -> int:
    """Measure and print; 0 if all is equal and a route saves much for little."""
    parser = argparse.ArgumentParser(prog="bench.right_sizing.served_frontier", description=__doc__)
    parser.add_argument("--tasks", type=int, default=TASKS)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        found = runner.run(measured(task_mix.tasks(options.tasks), Path(folder)))
    large = next(one.point for one in found if one.point.name == "always large")
    wrong = broken(found)
    for one in found:
        print(_text(one, large))
    for each in wrong:
        print(f"does not hold: {each}")
    shown = "; ".join(_text(one, large) for one in found if one.point.name in SHOWN)
    print(f"{options.tasks:,} labelled tasks by {len(found)} routes through a router, all figures true: {shown}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
