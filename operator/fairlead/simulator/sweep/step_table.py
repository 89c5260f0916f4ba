"""Step times from measurements: a line for each batch, a curve for prompts, and what both kinds of work share."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, TypeVar

from fairlead.fleet.plurals import count
from fairlead.fleet.sweeps import MAX_CAPTURED, EngineVariant
from fairlead.simulator.sweep import stretches, weighted_line
from fairlead.simulator.sweep.measurements import StepMeasurement, SweepWork
from fairlead.simulator.sweep.weighted_line import MeasuredSeconds
from fairlead.simulator.timing import measured_step_times
from fairlead.simulator.timing.measured_step_times import (
    MeasuredLine,
    MeasuredStepTimes,
    PromptCurve,
    StepTable,
)
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel

LONGEST_SHARE: Final = 0.9
"""Pairs explain at most this part of a step."""
SortKey = TypeVar("SortKey")
"""The key that measurements are grouped by."""
_TRIED: Final = Provenance(level=ProvenanceLevel.RECORDED, source="a sweep")


@dataclass(frozen=True, slots=True)
class TooFewMeasurements:
    """The measurements do not suffice for step times."""

    decoding: int
    reading: int

    def __str__(self) -> str:
        return (
            f"{count(self.decoding, 'measurement')} of decoding and {self.reading} of prompts, both are needed: run "
            "`fairlead calibrate --sweep` with the same --out again, it continues where it stopped"
        )


def of(
    measured: Sequence[StepMeasurement], batch_tokens: int, graph_tokens: int | None = None
) -> StepTable | TooFewMeasurements:
    """Make the table of the engine as given, or with CUDA graphs of steps up to this many tokens."""
    by_work: Mapping[SweepWork, list[StepMeasurement]] = _by(
        [one for one in measured if one.point.variant is EngineVariant.AS_GIVEN], lambda one: one.point.work
    )
    decoding, reading = by_work.get(SweepWork.DECODE, []), by_work.get(SweepWork.PREFILL, [])
    whole = [one for one in reading if one.point.prompt <= batch_tokens]
    if not decoding or not whole:
        return TooFewMeasurements(len(decoding), len(whole))
    captured = _captured(measured, min(batch_tokens, graph_tokens or 0))
    table = StepTable(lines=_lines(decoding), prompts=_curve([*reading, *captured], [*whole, *captured], batch_tokens))
    shared = _shared(by_work.get(SweepWork.MIXED, []), table, batch_tokens)
    by_host, by_gpu = (_of(measured, one, SweepWork.DECODE) for one in (EngineVariant.NGRAM, EngineVariant.NGRAM_GPU))
    by_head = _of(measured, EngineVariant.EAGLE3, SweepWork.DECODE)
    step_s, token_s = _draft_costs(by_host or by_gpu or by_head, table)
    return replace(
        table,
        shared_s=shared,
        draft_step_s=step_s if by_host else None,
        gpu_draft_step_s=_draft_costs(by_gpu, table)[0] if by_gpu else None,
        head_pass_s=_pass_s(by_head, table),
        draft_token_s=token_s,
    )


def _of(measured: Sequence[StepMeasurement], variant: EngineVariant, work: SweepWork) -> Sequence[StepMeasurement]:
    return [one for one in measured if (one.point.variant, one.point.work) == (variant, work)]


def _lines(decoding: Sequence[StepMeasurement]) -> tuple[MeasuredLine, ...]:
    """Return a line for each batch; a batch measured at only one context takes the others' usual slope."""
    by_batch = _by(decoding, lambda one: one.point.batch)
    slopes = {batch: slope for batch, own in by_batch.items() if (slope := _slope(own)) is not None}
    usual = median(slopes.values()) if slopes else 0.0
    return tuple(_line(batch, by_batch[batch], slopes.get(batch, usual)) for batch in sorted(by_batch))


def _line(batch: int, own: Sequence[StepMeasurement], slope: float) -> MeasuredLine:
    """Fit a line through the middle of the measurements; it is never negative and never falls."""
    base = median(_step_s(one) - slope * one.attended for one in own)
    return MeasuredLine(batch, base, slope) if base > 0 else MeasuredLine(batch, median(map(_step_s, own)), 0.0)


def _slope(own: Sequence[StepMeasurement]) -> float | None:
    """Return seconds a token of context; None for a single context."""
    line = weighted_line.through([MeasuredSeconds(one.attended, _step_s(one), _step_s(one)) for one in own])
    if len({one.point.context for one in own}) < 2 or line.slope is None:
        return None
    return max(0.0, line.slope)


def _curve(reading: Sequence[StepMeasurement], whole: Sequence[StepMeasurement], batch_tokens: int) -> PromptCurve:
    """Return seconds over tokens at the lengths that one step prefilled, and the added cost of pairs."""
    by_length = _by(whole, lambda one: one.point.prompt)
    lengths = sorted(by_length)
    usual = {length: _usual(own) for length, own in by_length.items()}
    pair_s = _pair_s(reading, usual, batch_tokens)
    seconds = [usual[length] - pair_s * _pairs(length) for length in lengths]
    return PromptCurve(tokens=tuple(lengths), seconds=measured_step_times.rising(seconds), pair_s=pair_s)


def _captured(measured: Sequence[StepMeasurement], most: int) -> Sequence[StepMeasurement]:
    """Return prompts that ran from their variant's graphs; longer ones did not."""
    own = _of(measured, EngineVariant.GRAPHS, SweepWork.PREFILL)
    return [one for one in own if one.point.prompt <= min(most, MAX_CAPTURED)]


def _usual(own: Sequence[StepMeasurement]) -> float:
    """Return a prompt's usual seconds; a graph makes no step longer, so the shortest variant counts."""
    by_variant = _by(own, lambda one: one.point.variant)
    return min(median(one.seconds / one.prompts for one in group) for group in by_variant.values())


def _pair_s(reading: Sequence[StepMeasurement], usual: Mapping[int, float], batch_tokens: int) -> float:
    """Fit the cost of pairs to prompts of several steps, whose later steps attend to earlier ones' tokens.

    The time of a step with as many tokens and no past is known; what a later step takes longer is due to its pairs.
    """
    if batch_tokens not in usual:
        return 0.0
    found = []
    for one in reading:
        if one.point.prompt % batch_tokens or one.point.prompt == batch_tokens:
            continue
        steps = one.point.prompt // batch_tokens
        more = _pairs(one.point.prompt) - steps * _pairs(batch_tokens)
        found.append((one.seconds / one.prompts - steps * usual[batch_tokens]) / more)
    most = LONGEST_SHARE * min(seconds / _pairs(length) for length, seconds in usual.items())
    return min(max(0.0, median(found)), most) if found else 0.0


def _shared(mixed: Sequence[StepMeasurement], table: StepTable, batch_tokens: int) -> float:
    """Return how much shorter steps with both kinds were than two steps: the median."""
    times = MeasuredStepTimes(table, _TRIED)
    saved = [
        (stretch.predicted(times) - stretch.seconds) / sum(often for often, batch in stretch.steps if batch.prefills)
        for stretch in (stretches.stretch(one, batch_tokens) for one in mixed)
    ]
    return max(0.0, median(saved)) if saved else 0.0


def _draft_costs(drafted: Sequence[StepMeasurement], table: StepTable) -> tuple[float, float]:
    """Return what drafts add to a step, per step and per drafted token, neither below 0.

    Without such steps, a token costs as much as a prompt token; with a single batch, all is attributed to its tokens.
    """
    times, curve = MeasuredStepTimes(table, _TRIED), table.prompts
    longer = [_longer(one, times) for one in drafted if one.decode_tokens > one.point.batch]
    if not longer:
        return 0.0, (curve.seconds[-1] - curve.seconds[0]) / max(1, curve.tokens[-1] - curve.tokens[0])
    line = weighted_line.through(longer)
    token_s = line.height / line.middle if line.slope is None else min(line.slope, line.height / line.middle)
    token_s = max(0.0, token_s)
    return max(0.0, line.height - token_s * line.middle), token_s


def _pass_s(drafted: Sequence[StepMeasurement], table: StepTable) -> float | None:
    """Return the time of each pass of a head: one for each drafted token of a request."""
    passes = [one.decode_tokens / one.point.batch - 1 for one in drafted]
    return _draft_costs(drafted, table)[0] / median(passes) if passes and min(passes) > 0 else None


def _longer(one: StepMeasurement, times: MeasuredStepTimes) -> MeasuredSeconds:
    """Return the time that a step's drafts add."""
    line = times.decode_line(one.point.batch, one.point.batch)
    seconds = _step_s(one) - line.seconds(one.attended)
    return MeasuredSeconds(one.decode_tokens - one.point.batch, seconds, _step_s(one))


def _step_s(one: StepMeasurement) -> float:
    return one.seconds / one.steps


def _pairs(length: int) -> float:
    return length * (length + 1) / 2


def _by(
    measured: Sequence[StepMeasurement], key: Callable[[StepMeasurement], SortKey]
) -> dict[SortKey, list[StepMeasurement]]:
    found: dict[SortKey, list[StepMeasurement]] = defaultdict(list)
    for one in measured:
        found[key(one)].append(one)
    return dict(found)
