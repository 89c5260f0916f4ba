"""The result of `fairlead calibrate` as a file: the shares, the deployment that they are valid for, and their error.

Text in and out. One deployment's shares are not used for another; the catalogue's fits serve that purpose.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from fairlead.simulator.timing import rate_shares
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.simulator.timing.rate_shares import RateShares, StepTimesOfShares, TooFewStretches, WorkStretch
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields
from fairlead.sizing.sizing_input import SizingInput

ABOUT: Final = (
    "Shares of data sheet rates that one deployment reached, found by `fairlead calibrate`; "
    "`fairlead engine --step-times` and the simulator read them."
)
_FIELDS: Final = (
    "model",
    "product",
    "tensor",
    "pipeline",
    "weights",
    "bandwidth",
    "arithmetic",
    "stretches",
    "error",
    "source",
)
MAX_SHARE: Final = 10.0
"""Some GPUs exceed their data sheets, but none ten times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The content of the file."""

    model: str
    product: str
    tensor: int
    pipeline: int
    weights: str
    shares: RateShares
    stretches: int
    error: float | None
    """Median relative error of a stretch's length: every second one, predicted by shares fitted to the others."""
    source: str

    @property
    def origin(self) -> Provenance:
        """The provenance that accompanies every figure."""
        return Provenance(
            level=ProvenanceLevel.RECORDED,
            source=self.source,
            measurements=self.stretches,
            note=f"{self.shares.bandwidth:.0%} of bandwidth, {self.shares.arithmetic:.0%} of arithmetic"
            + (f"; a stretch's length was wrong by {self.error:.1%}" if self.error is not None else ""),
        )


def calibrate(
    sizing: SizingInput, stretches: Sequence[WorkStretch], times: StepTimesOfShares, source: str
) -> Calibration | TooFewStretches:
    """Fit the shares to all stretches; the error is that of a fit to every other one."""
    shares = rate_shares.fitted_shares(stretches, times)
    if isinstance(shares, TooFewStretches):
        return shares
    return Calibration(
        **_deployment(sizing), shares=shares, stretches=len(stretches), error=_error(stretches, times), source=source
    )


def as_json(calibration: Calibration) -> str:
    """The file's text."""
    return json.dumps({"about": ABOUT, **_flat(calibration)}, indent=1) + "\n"


def read(text: str) -> Calibration:
    """Read what `as_json` wrote; `ValueError` names what is missing or no number."""
    try:
        entry = measured_rows.json_row(text, line=1)
        at = {name: replace(entry, line=1 + text[: text.find(f'"{name}"')].count("\n")) for name in _FIELDS}
        return Calibration(
            model=at["model"].text("model"),
            product=at["product"].text("product"),
            tensor=at["tensor"].count("tensor", 1),
            pipeline=at["pipeline"].count("pipeline", 1),
            weights=at["weights"].text("weights"),
            shares=RateShares(_share(at, "bandwidth"), _share(at, "arithmetic")),
            stretches=at["stretches"].count("stretches"),
            error=at["error"].number("error") if entry.has("error") else None,
            source=at["source"].text("source"),
        )
    except BadMeasurement as problem:
        raise ValueError(f"no calibration: {problem}; or write one with `fairlead calibrate --out FILE`") from problem


def _share(at: Mapping[str, MeasuredFields], name: str) -> float:
    return at[name].number(name, most=MAX_SHARE, above=0.0)


def step_times(sizing: SizingInput, calibration: Calibration) -> PhysicalStepTimes:
    """Make the calibrated deployment's step times; `ValueError` names a field in which `sizing` differs."""
    deployment = _deployment(sizing)
    for field, wanted in deployment.items():
        if (was := getattr(calibration, field)) != wanted:
            raise ValueError(f"calibrated with {field} {was}, asked for {wanted}; calibrate this deployment on its own")
    return rate_shares.step_times_with_shares(sizing, calibration.shares, calibration.origin)


def _deployment(sizing: SizingInput) -> dict[str, Any]:
    return {
        "model": sizing.shape.name,
        "product": sizing.accelerator.product,
        "tensor": sizing.parallelism.tensor,
        "pipeline": sizing.parallelism.pipeline,
        "weights": sizing.format.value,
    }


def _flat(calibration: Calibration) -> dict[str, Any]:
    return {
        "model": calibration.model,
        "product": calibration.product,
        "tensor": calibration.tensor,
        "pipeline": calibration.pipeline,
        "weights": calibration.weights,
        "bandwidth": round(calibration.shares.bandwidth, 4),
        "arithmetic": round(calibration.shares.arithmetic, 4),
        "stretches": calibration.stretches,
        "error": None if calibration.error is None else round(calibration.error, 4),
        "source": calibration.source,
    }


def _error(stretches: Sequence[WorkStretch], times: StepTimesOfShares) -> float | None:
    """Return the error, or None if half of the stretches cannot determine both shares."""
    half = rate_shares.fitted_shares(stretches[::2], times)
    if isinstance(half, TooFewStretches):
        return None
    judged = times(half)
    return median(abs(one.predicted(judged) / one.seconds - 1) for one in stretches[1::2])
