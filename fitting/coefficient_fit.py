"""Fits the physical coefficients to measurements: robustly, on logarithms, all positive, shares bounded.

Only this module and what it alone imports need numpy and scipy (the extra `fit`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from fairlead.simulator.timing.correction_groups import architecture
from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.physics import EngineBehaviour, FirstTokenOverhead, Physics
from fitting.columns import Column, RunColumns, RunMask


class Coefficient(NamedTuple):
    """Start value and upper bound of one coefficient in the fit."""

    start: float
    most: float
    by_engine: bool = False
    """Whether it differs between engines; all others are properties of the hardware."""


_SHARE: Final = 0.95
_UNBOUND: Final = 1e3
GAIN: Final = "gain"

COEFFICIENTS: Final[Mapping[str, Coefficient]] = {
    "weights": Coefficient(0.8, _SHARE),
    "experts": Coefficient(0.65, _SHARE),
    "cache": Coefficient(0.65, _SHARE),
    "compute": Coefficient(0.5, _SHARE, by_engine=True),
    "attention": Coefficient(0.5, _SHARE),
    "decode_attention": Coefficient(0.5, _SHARE),
    "link": Coefficient(1.0, 3.0),
    "step_s": Coefficient(1e-3, 0.02),
    "layer_s": Coefficient(1e-5, _UNBOUND, by_engine=True),
    "expert_layer_s": Coefficient(1e-5, _UNBOUND),
    "mixer_layer_s": Coefficient(1e-5, _UNBOUND),
    "sum_s": Coefficient(8e-6, _UNBOUND),
    "exchange_s": Coefficient(16e-6, _UNBOUND),
    "sequence_s": Coefficient(5e-6, _UNBOUND),
    "mixed_s": Coefficient(1e-3, _UNBOUND),
    "start_s": Coefficient(0.03, _UNBOUND, by_engine=True),
    "token_s": Coefficient(5e-6, _UNBOUND),
    "wave": Coefficient(0.15, 1.5, by_engine=True),
    "stall": Coefficient(0.3, 1.0),
    "transfer_s": Coefficient(0.1, _UNBOUND),
    GAIN: Coefficient(2.2, 3.5),
}
"""The link's share may exceed 1, as its rate in `sizing.links` is a round figure of the slowest generation."""

FIRST_TOKEN_WEIGHT: Final = 0.4
"""Weight of TTFT errors relative to TPOT errors, since TTFT also includes time that no step explains."""
CORNER: Final = 0.15
"""Errors beyond this share count linearly instead of squared, since some rows are described wrongly."""
_BELOW: Final = 5.0
"""How far below its start, in logarithms, a coefficient may fall."""
_EVALUATIONS: Final = 25
_TOLERANCE: Final = 1e-4
_TYPICAL: Final = 300.0
"""Runs of an architecture at which each has weight 1; twice as many do not count twice."""


def fit(columns: RunColumns, chosen: RunMask) -> Physics:
    """Fit to the chosen runs alone; a weak pull to the start value fixes coefficients that no chosen run depends on."""
    names = _names(columns.engines)
    start = np.log([COEFFICIENTS[name].start for name, _ in names])
    most = np.log([COEFFICIENTS[name].most for name, _ in names])
    weight = _weights(columns, chosen)

    def residuals(point: Column) -> Column:
        first, token = columns.seen(_physics(point, names, columns.engines))
        return np.concatenate(
            (
                (weight * (token - columns.token))[chosen],
                (FIRST_TOKEN_WEIGHT * weight * (first - columns.first))[chosen],
                point - start,
            )
        )

    found = least_squares(
        residuals,
        start,
        bounds=(start - _BELOW, most),
        loss="soft_l1",
        f_scale=CORNER,
        max_nfev=_EVALUATIONS,
        xtol=_TOLERANCE,
        ftol=_TOLERANCE,
    )
    return _physics(found.x, names, columns.engines)


def fit_all(columns: RunColumns) -> Physics:
    """Fit to all runs."""
    return fit(columns, np.ones(len(columns.runs), dtype=np.bool_))


def _names(engines: Sequence[str]) -> list[tuple[str, str | None]]:
    return [(name, engine) for name, one in COEFFICIENTS.items() for engine in (engines if one.by_engine else (None,))]


def _physics(point: Column, names: Sequence[tuple[str, str | None]], engines: Sequence[str]) -> Physics:
    values = dict(zip(names, np.exp(point).tolist(), strict=True))

    def of(name: str, engine: str) -> float:
        return float(values[name, engine if COEFFICIENTS[name].by_engine else None])

    behaviours = {
        engine: EngineBehaviour(
            StepEfficiency(**{field.name: of(field.name, engine) for field in fields(StepEfficiency)}),
            FirstTokenOverhead(**{field.name: of(field.name, engine) for field in fields(FirstTokenOverhead)}),
        )
        for engine in engines
    }
    return Physics(behaviours, float(values[GAIN, None]))


def _weights(columns: RunColumns, chosen: RunMask) -> Column:
    """Weights of runs: an architecture's total grows less than in proportion to the number of its runs."""
    kinds = [architecture(run.writers.shape) for run in columns.runs]
    number = Counter(kind for kind, counts in zip(kinds, chosen.tolist(), strict=True) if counts)
    return np.array([(0.5 + 0.5 * (_TYPICAL / max(number[kind], 1)) ** 0.5) ** 0.5 for kind in kinds])
