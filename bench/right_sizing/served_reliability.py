"""`python -m bench.right_sizing.served_reliability`: is what a router reports of failing models true?

Each model's route retries once when the schema is broken. The router's metrics must equal the models' own counts, to
the last request, and be within four standard deviations of the stated rates. The last line says whether the cheap model
that fails loses where it must.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose, sqrt
from pathlib import Path
from typing import Final

import uvloop

from bench.right_sizing import reliability, served
from bench.right_sizing.__main__ import PAIRS, PRICES_PAGE, reliability_rows
from bench.right_sizing.served import ServedModels
from bench.right_sizing.task_mix import LabelledTask

TASKS: Final = 2000
DEVIATIONS: Final = 4.0
EXACT: Final = 1e-6
"""Relative tolerance for money that was added up in another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFigures:
    """One model's figures, reported or true."""

    retry_rate: float
    invalid_rate: float
    cost_per_success: float

    def equals(self, other: "ReportedFigures") -> bool:
        """Equality to the last request."""
        pairs = (
            (self.retry_rate, other.retry_rate),
            (self.invalid_rate, other.invalid_rate),
            (self.cost_per_success, other.cost_per_success),
        )
        return all(isclose(one, another, rel_tol=EXACT) for one, another in pairs)

    @property
    def text(self) -> str:
        """One row."""
        return (
            f"retry rate {self.retry_rate:.2%}, invalid {self.invalid_rate:.2%}, a success {self.cost_per_success:.4g}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedReliability:
    """One model."""

    invalid: float
    price: float
    answer_cost: float
    reported: ReportedFigures
    true: ReportedFigures

    def broken(self, tasks: int) -> list[str]:
        """The violations."""
        share = DEVIATIONS * sqrt(self.invalid * (1 - self.invalid) / tasks)
        rates = (self.reported.retry_rate, self.reported.invalid_rate)
        stated = self.answer_cost / (1 - self.invalid)
        found = [] if self.reported.equals(self.true) else [f"reported {self.reported.text}; true {self.true.text}"]
        found += [
            f"{one:.2%} is far from the stated {self.invalid:.0%}" for one in rates if abs(one - self.invalid) > share
        ]
        if not isclose(self.reported.cost_per_success, stated, rel_tol=share / (1 - self.invalid)):
            found.append(f"a success costs {self.reported.cost_per_success:.4g}, by the stated rates {stated:.4g}")
        return found


async def measured(count: int, folder: Path) -> list[ServedReliability]:
    """Run all models in turn through one router."""
    tasks = reliability.extractions(count)
    names = [f"model-{place}" for place in range(len(PAIRS))]
    models = ServedModels(
        {name: reliability.failing(f"ns/{name}", *pair) for name, pair in zip(names, PAIRS, strict=True)},
        {one.number: one for one in tasks},
    )
    routes = [
        {"name": name, "strategy": "Single", "target": f"external/{name}", "onInvalid": "Retry"} for name in names
    ]
    found = []
    async with served.served(folder, models, routes) as router:
        for name, (invalid, price) in zip(names, PAIRS, strict=True):
            results = await served.answered(router, name, tasks)
            page = await router.metrics()
            found.append(
                ServedReliability(
                    invalid=invalid,
                    price=price,
                    answer_cost=price * tasks[0].output_tokens,
                    reported=_reported(page, name),
                    true=_true(models, name, tasks, sum(one.right for one in results)),
                )
            )
    return found


def _reported(page: Mapping[str, float], name: str) -> ReportedFigures:
    of = f'target="external/{name}",revision=""'

    def figure(family: str, labels: str) -> float:
        return page[f"fairlead_router_{family}{{{labels}}}"]

    attempts, retries, validated, invalid = (
        figure(f"cost_{one}_total", f'model="{name}",{of}') for one in ("attempts", "retries", "validated", "invalid")
    )
    succeeded = figure("task_outcomes", f'{of},outcome="succeeded"')
    return ReportedFigures(
        retry_rate=retries / (attempts - retries),
        invalid_rate=invalid / validated,
        cost_per_success=figure("reported_task_cost_total", of) / succeeded,
    )


def _true(models: ServedModels, name: str, tasks: list[LabelledTask], succeeded: int) -> ReportedFigures:
    replies = models.of(name)
    count = sum(map(len, replies))
    return ReportedFigures(
        retry_rate=(count - len(tasks)) / len(tasks),
        invalid_rate=sum(not one.valid for each in replies for one in each) / count,
        cost_per_success=models.cost(name) / succeeded,
    )


def broken(found: list[ServedReliability], count: int) -> list[str]:
    """The violations, in words."""
    wrong = [f"{one.invalid:.0%} at {one.price:g}: {each}" for one in found for each in one.broken(count)]
    failing, dear, dearest = (one.reported.cost_per_success for one in found)
    if not dear < failing < dearest:
        wrong.append(f"successes cost {failing:.4g}, {dear:.4g} and {dearest:.4g}: the order is not that of the rates")
    page = PRICES_PAGE.read_text(encoding="utf-8")
    return wrong + [f"{PRICES_PAGE.name} has not the row {row!r}" for row in reliability_rows() if row not in page]


def main() -> int:
    """Measure and print; 0 if all is true."""
    parser = argparse.ArgumentParser(prog="bench.right_sizing.served_reliability", description=__doc__)
    parser.add_argument("--tasks", type=int, default=TASKS, help="of each model")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        found = runner.run(measured(options.tasks, Path(folder)))
    for one in found:
        print(f"fails {one.invalid:.0%}, {one.price:g} a token: reported {one.reported.text}; true {one.true.text}")
    wrong = broken(found, options.tasks)
    for each in wrong:
        print(f"does not hold: {each}")
    cheap, dear, dearest = (one.reported.cost_per_success for one in found)
    rates = [one.reported.retry_rate for one in found]
    print(
        f"{options.tasks:,} extractions each through a router: at 18 % failures a retry rate of {rates[0]:.2%} is "
        f"reported and true, at 2 % {rates[1]:.2%}; a success of the cheap model costs {cheap:.3g}, of one a tenth "
        f"dearer that fails at 2 % {dear:.3g}, of one half as dear again {dearest:.3g}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
