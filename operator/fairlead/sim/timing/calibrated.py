"""What `fairlead calibrate` found, as a file: the shares, for which deployment they hold, and how wrong they were.

Text in and out. Shares of one deployment are not given to another: that is what the catalogue's fits are for.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from fairlead.sim.timing import shares
from fairlead.sim.timing.provenance import Level, Provenance
from fairlead.sim.timing.shares import Shares, Stretch, Times, TooLittle
from fairlead.sim.timing.step_times import PhysicalStepTimes
from fairlead.sizing.question import Question

ABOUT: Final = (
    "Shares of data sheet rates that one deployment reached, found by `fairlead calibrate`; "
    "`fairlead engine --step-times` and the simulator read them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The whole file."""

    model: str
    product: str
    tensor: int
    pipeline: int
    weights: str
    shares: Shares
    stretches: int
    error: float | None
    """Median absolute error of a stretch's length: every second stretch, by shares of the others."""
    source: str

    @property
    def origin(self) -> Provenance:
        """As it stands beside every figure."""
        return Provenance(
            level=Level.RECORDED,
            source=self.source,
            measurements=self.stretches,
            note=f"{self.shares.bandwidth:.0%} of bandwidth, {self.shares.arithmetic:.0%} of arithmetic"
            + (f"; a stretch's length was wrong by {self.error:.1%}" if self.error is not None else ""),
        )


def calibrated(question: Question, stretches: Sequence[Stretch], times: Times, source: str) -> Calibrated | TooLittle:
    """From all stretches; how wrong, from a fit that saw only every other one."""
    found = shares.found(stretches, times)
    if isinstance(found, TooLittle):
        return found
    return Calibrated(
        **_deployment(question), shares=found, stretches=len(stretches), error=_error(stretches, times), source=source
    )


def written(found: Calibrated) -> str:
    """As JSON."""
    return json.dumps({"about": ABOUT, **_flat(found)}, indent=1) + "\n"


def read(text: str) -> Calibrated:
    """As `written` wrote it; `ValueError` names what is missing or no number."""
    try:
        entry = json.loads(text)
        reached = Shares(float(entry["bandwidth"]), float(entry["arithmetic"]))
        names = ("model", "product", "tensor", "pipeline", "weights", "stretches", "error", "source")
        return Calibrated(shares=reached, **{name: entry[name] for name in names})
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"no calibration: {problem}; write one with `fairlead calibrate --out FILE`") from problem


def step_times(question: Question, found: Calibrated) -> PhysicalStepTimes:
    """Of the deployment that was watched; `ValueError` names what is another."""
    asked = _deployment(question)
    for field, wanted in asked.items():
        if (was := getattr(found, field)) != wanted:
            raise ValueError(f"calibrated with {field} {was}, asked for {wanted}; calibrate this deployment on its own")
    return shares.reaching(question, found.shares, found.origin)


def _deployment(question: Question) -> dict[str, Any]:
    return {
        "model": question.shape.name,
        "product": question.accelerator.product,
        "tensor": question.parallelism.tensor,
        "pipeline": question.parallelism.pipeline,
        "weights": question.format.value,
    }


def _flat(found: Calibrated) -> dict[str, Any]:
    return {
        "model": found.model,
        "product": found.product,
        "tensor": found.tensor,
        "pipeline": found.pipeline,
        "weights": found.weights,
        "bandwidth": round(found.shares.bandwidth, 4),
        "arithmetic": round(found.shares.arithmetic, 4),
        "stretches": found.stretches,
        "error": None if found.error is None else round(found.error, 4),
        "source": found.source,
    }


def _error(stretches: Sequence[Stretch], times: Times) -> float | None:
    """None where half of them do not tell both shares."""
    half = shares.found(stretches[::2], times)
    if isinstance(half, TooLittle):
        return None
    judged = times(half)
    return median(abs(one.predicted(judged) / one.seconds - 1) for one in stretches[1::2])
