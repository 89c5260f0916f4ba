"""Learns corrections of single groups to the physics, widest level first, with shrinkage for groups with few runs.

A group with one run is corrected little; one with many explains the residuals that all wider levels leave.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from fairlead.simulator.timing import correction_groups
from fairlead.simulator.timing.efficiency import NO_CORRECTION, StepCorrection
from fairlead.simulator.timing.physics import Physics
from fitting.columns import BenchmarkRun, Column, RunColumns, RunIndices, RunMask, as_number
from fitting.fixed_concurrency import CorrectionFactors

PLANNED: Final = 2
"""Number of levels that a plan can know."""
SHRINK: Final = np.array([0.5, 1.0, 1.0, 0.5, 1.0])
"""Shrinkage of each of a group's five figures towards 0, in units of runs with a small residual."""
FIRST_TOKEN_WEIGHT: Final = 0.5
_TOKEN_CORNER: Final = 0.08
_FIRST_CORNER: Final = 0.2
_BEYOND: Final = 0.75
"""Beyond the corner, a run's weight falls by this power of its squared error."""
_ROUNDS: Final = 4
_STEP: Final = 1e-3
_POWER_UNIT: Final = 2.0
"""Unit in which powers are learnt, so that their penalty is comparable."""

LearntCorrections = Mapping[str, StepCorrection]


def run_keys(columns: RunColumns) -> list[tuple[str, ...]]:
    """The keys of each run, widest level first."""
    return [_keys_of(run) for run in columns.runs]


def _keys_of(run: BenchmarkRun) -> tuple[str, ...]:
    """The keys that a plan can know, then those with the run's lengths, then with version and day."""
    row = run.measured.row
    decided = correction_groups.group(run.writers, row.backend, row.mode, run.measured.drafting)
    wide, narrow = correction_groups.keys(decided, run.readers, run.writers)
    return wide, narrow, f"{narrow}/{row.nominal}", f"{wide}/{row.version}/{row.measured}"


def learn(columns: RunColumns, physics: Physics, chosen: RunMask) -> dict[str, StepCorrection]:
    """Learn corrections from the chosen runs alone."""
    slopes = _slopes(columns, physics)
    first, token = columns.seen(physics)
    left_first, left_token = columns.first - first, columns.token - token
    learnt: dict[str, StepCorrection] = {}
    for level in zip(*run_keys(columns), strict=True):
        for key, places in _members(level).items():
            seen = places[chosen[places]]
            if len(seen):
                figures = _solve((slopes[0][seen], left_first[seen]), (slopes[1][seen], left_token[seen]))
                left_first[places] -= slopes[0][places] @ figures
                left_token[places] -= slopes[1][places] @ figures
                learnt[key] = _correction(figures)
    return learnt


def factors(columns: RunColumns, learnt: LearntCorrections, levels: int | None = None) -> CorrectionFactors:
    """Factors for every run from the groups of the widest levels; a run of unknown groups keeps the physics."""
    decode, prompt, wait = (np.ones(len(columns.runs)) for _ in range(3))
    for place, keys in enumerate(run_keys(columns)):
        one = combined(keys[:levels], learnt)
        size = float(np.exp(columns.batch[place]))
        decode[place] = one.decode * size**one.decode_power
        prompt[place] = one.prompt
        wait[place] = one.wait * size**one.wait_power
    return columns_factors(decode, prompt, wait)


def columns_factors(*of_runs: Column) -> CorrectionFactors:
    """Correction factors with columns in place of numbers: for decoding, prompts and TTFT."""
    return CorrectionFactors(*map(as_number, of_runs))


def combined(keys: Sequence[str], learnt: LearntCorrections) -> StepCorrection:
    """The product of the corrections of all known levels."""
    total = NO_CORRECTION
    for key in keys:
        total = total.times(learnt.get(key, NO_CORRECTION))
    return total


def _members(level: Sequence[str]) -> dict[str, RunIndices]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(level):
        found[key].append(place)
    return {key: np.array(places, dtype=np.intp) for key, places in found.items()}


def _slopes(columns: RunColumns, physics: Physics) -> tuple[Column, Column]:
    """Derivatives of both logarithms by a group's five figures."""
    ones, none = np.ones(len(columns.runs)), np.zeros(len(columns.runs))
    size = columns.batch / _POWER_UNIT
    base = columns.seen(physics)
    more_decode = columns.seen(physics, columns_factors(ones * (1 + _STEP), ones, ones))
    more_prompt = columns.seen(physics, columns_factors(ones, ones * (1 + _STEP), ones))
    decode = [(more - was) / _STEP for more, was in zip(more_decode, base, strict=True)]
    prompt = [(more - was) / _STEP for more, was in zip(more_prompt, base, strict=True)]
    first = np.stack([decode[0], decode[0] * size, prompt[0], ones, size], axis=1)
    token = np.stack([decode[1], decode[1] * size, prompt[1], none, none], axis=1)
    return first, token


def _solve(first: tuple[Column, Column], token: tuple[Column, Column]) -> Column:
    """Solve by iterated least squares with less weight for outliers."""
    figures: Column = np.zeros(len(SHRINK))
    for _ in range(_ROUNDS):
        matrix: Column = np.diag(SHRINK)
        right: Column = np.zeros(len(SHRINK))
        for (slope, left), corner, share in ((first, _FIRST_CORNER, FIRST_TOKEN_WEIGHT), (token, _TOKEN_CORNER, 1.0)):
            weight = share / (1 + ((left - slope @ figures) / corner) ** 2) ** _BEYOND
            matrix = matrix + (slope.T * weight) @ slope
            right = right + slope.T @ (weight * left)
        figures = np.linalg.solve(matrix, right)
    return figures


def _correction(figures: Column) -> StepCorrection:
    decode, decode_power, prompt, wait, wait_power = figures.tolist()
    return StepCorrection(
        decode=float(np.exp(decode)),
        decode_power=decode_power / _POWER_UNIT,
        prompt=float(np.exp(prompt)),
        wait=float(np.exp(wait)),
        wait_power=wait_power / _POWER_UNIT,
    )
