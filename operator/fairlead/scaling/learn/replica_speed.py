"""The speed of one replica of a revision, learnt while it works: the coefficients of a step, fitted to the pods'
samples.

A step with `n` running requests takes `a + b n`; computing a prompt token adds `c`. A second in which `p` prompt tokens
are computed leaves `1 - p c` for steps, so that the time per token is `(a + b n) / (1 - p c)`: linear in a, b and c
once divided by the time itself. Each interval of a pod is one equation; old ones fade. The data sheet counts as a few
more equations, so that a fleet that always works at one load does not extrapolate wildly to another.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import fsum
from typing import Final

from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.learn.intervals import EngineInterval

FADING: Final = 0.999
"""Factor per interval: the last thousand count."""
MIN_TOKENS: Final = 20.0
"""Output tokens below which an interval is ignored, as chance dominates it."""
POINTS: Final = ((1.0, 0.0), (32.0, 0.0), (1.0, 0.5), (32.0, 0.5))
"""Running requests and share of time for prompts at which the data sheet's speed is added as equations."""
DATA_SHEET_WEIGHT: Final = 0.5
"""How many intervals each of these points counts as."""
STEP_TO_SEQUENCE: Final = 100.0
STEP_TO_PROMPT_TOKEN: Final = 200.0
"""A step is about this many times what a running request and a prompt token add to it: the middle of the measured sets
in sim/data/step_times.json; used only without a data sheet."""
FARTHEST: Final = 8.0
"""Factor above or below the data sheet beyond which a fit is taken for chance."""
MAX_SEQUENCES: Final = 256.0
"""The batch size of engines if it is not known."""
MAX_REVISIONS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedFit:
    """Sums of one revision's equations: of 1/t, n/t and p, and of their products."""

    revision: str
    equations: float = 0.0
    step: float = 0.0
    sequence: float = 0.0
    prompt: float = 0.0
    step_step: float = 0.0
    step_sequence: float = 0.0
    step_prompt: float = 0.0
    sequence_sequence: float = 0.0
    sequence_prompt: float = 0.0
    prompt_prompt: float = 0.0
    kv_tokens: float | None = None


def updated(fits: tuple[SpeedFit, ...], revision: str, intervals: Iterable[EngineInterval]) -> tuple[SpeedFit, ...]:
    """Add the intervals of its pods."""
    equations = sorted(equation for one in intervals if (equation := _equation(one)) is not None)
    if not equations:
        return fits
    kept = next((one for one in fits if one.revision == revision), SpeedFit(revision=revision))
    keep = FADING ** len(equations)
    steps, sequences, prompts = zip(*equations, strict=True)
    added = SpeedFit(
        revision=revision,
        equations=kept.equations * keep + len(equations),
        step=kept.step * keep + fsum(steps),
        sequence=kept.sequence * keep + fsum(sequences),
        prompt=kept.prompt * keep + fsum(prompts),
        step_step=kept.step_step * keep + _dot(steps, steps),
        step_sequence=kept.step_sequence * keep + _dot(steps, sequences),
        step_prompt=kept.step_prompt * keep + _dot(steps, prompts),
        sequence_sequence=kept.sequence_sequence * keep + _dot(sequences, sequences),
        sequence_prompt=kept.sequence_prompt * keep + _dot(sequences, prompts),
        prompt_prompt=kept.prompt_prompt * keep + _dot(prompts, prompts),
        kv_tokens=kept.kv_tokens,
    )
    return (*(one for one in fits if one.revision != revision), added)[-MAX_REVISIONS:]


def discounted(fits: tuple[SpeedFit, ...], revision: str, weight: float) -> tuple[SpeedFit, ...]:
    """Weigh the fit as if fewer intervals had been learnt from."""
    return fits if weight == 1.0 else tuple(_times(one, weight) if one.revision == revision else one for one in fits)


def _times(fit: SpeedFit, weight: float) -> SpeedFit:
    sums = {
        one.name: getattr(fit, one.name) * weight for one in fields(fit) if one.name not in {"revision", "kv_tokens"}
    }
    return replace(fit, **sums)


def with_kv_tokens(fits: tuple[SpeedFit, ...], revision: str, kv_tokens: float) -> tuple[SpeedFit, ...]:
    """Set the KV cache size that one of its engines reports."""
    kept = next((one for one in fits if one.revision == revision), SpeedFit(revision=revision))
    if kept.kv_tokens == kv_tokens:
        return fits
    added = replace(kept, kv_tokens=kv_tokens)
    return (*(one for one in fits if one.revision != revision), added)[-MAX_REVISIONS:]


def _equation(interval: EngineInterval) -> tuple[float, float, float] | None:
    """Return the factors of a, b and c in an equation with right side 1; running requests follow from tokens and their
    time."""
    each = interval.seconds_per_token
    if each is None or each <= 0 or interval.output_tokens < MIN_TOKENS:
        return None
    running = interval.output_tokens / interval.seconds * each
    return 1 / each, running / each, interval.computed_tokens / interval.seconds


def _dot(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return fsum(left * right for left, right in zip(one, other, strict=True))


def speed(fits: tuple[SpeedFit, ...], revision: str, speed: ReplicaSpeed | None) -> ReplicaSpeed | None:
    """Return the best estimate; None with neither intervals nor a data sheet."""
    fit = next((one for one in fits if one.revision == revision), SpeedFit(revision=revision))
    replica_speed = speed if speed and _is_informative(speed) else _by_rule(fit)
    if replica_speed is None:
        return None
    room = fit.kv_tokens or (speed.kv_tokens if speed else None)
    solved = _solved(fit, replica_speed) if fit.equations else replica_speed
    return replace(solved, kv_tokens=room, max_sequences=replica_speed.max_sequences or MAX_SEQUENCES)


@lru_cache(maxsize=64)
def _solved(fit: SpeedFit, speed: ReplicaSpeed) -> ReplicaSpeed:
    """Cached, since a fit is used two or three times before the next interval comes (bench.backtest_speed)."""
    return _solve(_with_word(fit, speed), speed)


def _is_informative(speed: ReplicaSpeed) -> bool:
    return speed.step_seconds > 0 and speed.seconds_per_prompt_token > 0


def _by_rule(fit: SpeedFit) -> ReplicaSpeed | None:
    if fit.equations <= 0 or fit.step <= 0:
        return None
    step = fit.equations / fit.step
    return ReplicaSpeed(
        step_seconds=step,
        seconds_per_sequence=step / STEP_TO_SEQUENCE,
        seconds_per_prompt_token=step / STEP_TO_PROMPT_TOKEN,
    )


Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
Vector = tuple[float, float, float]


def _with_word(fit: SpeedFit, speed: ReplicaSpeed) -> tuple[Matrix, Vector]:
    """Return the normal equations, with those of the data sheet."""
    rows = []
    for running, share in POINTS:
        each = (speed.step_seconds + running * speed.seconds_per_sequence) / (1 - share)
        rows.append((1 / each, running / each, share / speed.seconds_per_prompt_token))
    first, second, third = zip(*rows, strict=True)
    one_two = fit.step_sequence + DATA_SHEET_WEIGHT * _dot(first, second)
    one_three = fit.step_prompt + DATA_SHEET_WEIGHT * _dot(first, third)
    two_three = fit.sequence_prompt + DATA_SHEET_WEIGHT * _dot(second, third)
    matrix = (
        (fit.step_step + DATA_SHEET_WEIGHT * _dot(first, first), one_two, one_three),
        (one_two, fit.sequence_sequence + DATA_SHEET_WEIGHT * _dot(second, second), two_three),
        (one_three, two_three, fit.prompt_prompt + DATA_SHEET_WEIGHT * _dot(third, third)),
    )
    vector = (
        fit.step + DATA_SHEET_WEIGHT * fsum(first),
        fit.sequence + DATA_SHEET_WEIGHT * fsum(second),
        fit.prompt + DATA_SHEET_WEIGHT * fsum(third),
    )
    return matrix, vector


def _solve(equations: tuple[Matrix, Vector], speed: ReplicaSpeed) -> ReplicaSpeed:
    """Solve by least squares within plausible ranges: a coefficient that would leave its range stays at its edge."""
    matrix, vector = equations
    guess = (speed.step_seconds, speed.seconds_per_sequence, speed.seconds_per_prompt_token)
    fixed: dict[int, float] = {}
    solution = _least(matrix, vector, fixed)
    while beyond := _beyond(solution, guess, fixed):
        fixed |= beyond
        solution = _least(matrix, vector, fixed)
    step, sequence, prompt = (fixed.get(index, value) for index, value in enumerate(solution))
    return ReplicaSpeed(step_seconds=step, seconds_per_sequence=sequence, seconds_per_prompt_token=prompt)


def _beyond(solution: Vector, guess: Vector, fixed: dict[int, float]) -> dict[int, float]:
    """Return the coefficients that left their range, at its edge."""
    ranges = ((one / FARTHEST, one * FARTHEST) for one in guess)
    return {
        index: min(max(value, low), high)
        for index, (value, (low, high)) in enumerate(zip(solution, ranges, strict=True))
        if index not in fixed and not low <= value <= high
    }


def _least(matrix: Matrix, vector: Vector, fixed: dict[int, float]) -> Vector:
    """Apply Cramer's rule, with the fixed coefficients' columns moved to the other side."""
    rows = [list(row) for row in matrix]
    right = list(vector)
    for index, value in fixed.items():
        for row in range(3):
            right[row] -= rows[row][index] * value
        for other in range(3):
            rows[other][index] = rows[index][other] = 0.0
    for index, value in fixed.items():
        rows[index][index], right[index] = 1.0, value
    whole = _determinant(rows)
    first, second, third = (_determinant(_swapped(rows, right, column)) / whole for column in range(3))
    return first, second, third


def _swapped(rows: list[list[float]], right: list[float], column: int) -> list[list[float]]:
    return [[*row[:column], right[index], *row[column + 1 :]] for index, row in enumerate(rows)]


def _determinant(rows: list[list[float]]) -> float:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
