"""Step times from measurements: a line for each batch, a curve for prompts, and what two kinds of work share."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeVar

from fairlead.fleet.plurals import count
from fairlead.simulator.sweep import stretches
from fairlead.simulator.sweep.measurements import EngineVariant, StepMeasurement, SweepWork
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
"""By what measurements are sorted."""
_TRIED: Final = Provenance(level=ProvenanceLevel.RECORDED, source="a sweep")


@dataclass(frozen=True, slots=True)
class TooFewMeasurements:
    """The measurements do not suffice for step times."""

    decoding: int
    reading: int

    def __str__(self) -> str:
        return (
            f"{count(self.decoding, 'measurement')} of decoding and {self.reading} of prompts, both are needed: run "
            "`fairlead calibrate --sweep` with the same --out again, it goes on where it stopped"
        )


def of(measured: Sequence[StepMeasurement], batch_tokens: int) -> StepTable | TooFewMeasurements:
    """The table of the engine as it was given."""
    by_work: Mapping[SweepWork, list[StepMeasurement]] = _by(
        [one for one in measured if one.point.variant is EngineVariant.AS_GIVEN], lambda one: one.point.work
    )
    decoding, reading = by_work.get(SweepWork.DECODE, []), by_work.get(SweepWork.PREFILL, [])
    whole = [one for one in reading if one.point.prompt <= batch_tokens]
    if not decoding or not whole:
        return TooFewMeasurements(len(decoding), len(whole))
    plain = StepTable(lines=_lines(decoding), prompts=_curve(reading, whole, batch_tokens))
    shared = _shared(by_work.get(SweepWork.MIXED, []), plain, batch_tokens)
    drafted = [
        one for one in measured if (one.point.variant, one.point.work) == (EngineVariant.NGRAM, SweepWork.DECODE)
    ]
    draft = _draft_token_s(drafted, plain)
    return StepTable(lines=plain.lines, prompts=plain.prompts, shared_s=shared, draft_token_s=draft)


def _lines(decoding: Sequence[StepMeasurement]) -> tuple[MeasuredLine, ...]:
    """A line for each batch; a batch measured at one context only takes the others' usual slope."""
    by_batch = _by(decoding, lambda one: one.point.batch)
    slopes = {batch: slope for batch, own in by_batch.items() if (slope := _slope(own)) is not None}
    usual = median(slopes.values()) if slopes else 0.0
    return tuple(_line(batch, by_batch[batch], slopes.get(batch, usual)) for batch in sorted(by_batch))


def _line(batch: int, own: Sequence[StepMeasurement], slope: float) -> MeasuredLine:
    """Through the middle of what was measured; never below nothing, and never falling."""
    base = median(_step_s(one) - slope * one.attended for one in own)
    return MeasuredLine(batch, base, slope) if base > 0 else MeasuredLine(batch, median(map(_step_s, own)), 0.0)


def _slope(own: Sequence[StepMeasurement]) -> float | None:
    """Seconds a token of context, by least squares of the relative error; None for a single context."""
    weights = [_step_s(one) ** -2 for one in own]
    total = sum(weights)
    middle = sum(weight * one.attended for weight, one in zip(weights, own, strict=True)) / total
    height = sum(weight * _step_s(one) for weight, one in zip(weights, own, strict=True)) / total
    spread = sum(weight * (one.attended - middle) ** 2 for weight, one in zip(weights, own, strict=True))
    if len({one.point.context for one in own}) < 2 or not spread:
        return None
    both = sum(
        weight * (one.attended - middle) * (_step_s(one) - height) for weight, one in zip(weights, own, strict=True)
    )
    return max(0.0, both / spread)


def _curve(reading: Sequence[StepMeasurement], whole: Sequence[StepMeasurement], batch_tokens: int) -> PromptCurve:
    """Seconds over tokens at the lengths that one step read, and what pairs cost beside them."""
    by_length = _by(whole, lambda one: one.point.prompt)
    lengths = sorted(by_length)
    usual = {length: median(one.seconds / one.prompts for one in own) for length, own in by_length.items()}
    pair_s = _pair_s(reading, usual, batch_tokens)
    seconds = [usual[length] - pair_s * _pairs(length) for length in lengths]
    return PromptCurve(tokens=tuple(lengths), seconds=measured_step_times.rising(seconds), pair_s=pair_s)


def _pair_s(reading: Sequence[StepMeasurement], usual: Mapping[int, float], batch_tokens: int) -> float:
    """From prompts that take several steps: their later steps attend to the tokens of the ones before.

    A step that reads as many tokens without a past is known; what the later one takes longer is for its pairs.
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


def _shared(mixed: Sequence[StepMeasurement], plain: StepTable, batch_tokens: int) -> float:
    """How much shorter steps with both were than two steps: the median over what was measured."""
    times = MeasuredStepTimes(plain, _TRIED)
    saved = [
        (stretch.predicted(times) - stretch.seconds) / sum(often for often, batch in stretch.steps if batch.prefills)
        for stretch in (stretches.stretch(one, batch_tokens) for one in mixed)
    ]
    return max(0.0, median(saved)) if saved else 0.0


def _draft_token_s(drafted: Sequence[StepMeasurement], plain: StepTable) -> float:
    """What steps with drafts took longer, by drafted token; without any, a token costs what one of a prompt does."""
    times = MeasuredStepTimes(plain, _TRIED)
    longer = tokens = 0.0
    for one in drafted:
        line = times.decode_line(one.point.batch, one.point.batch)
        longer += _step_s(one) - line.seconds(one.attended)
        tokens += max(0.0, one.decode_tokens - one.point.batch)
    if tokens:
        return max(0.0, longer / tokens)
    curve = plain.prompts
    return (curve.seconds[-1] - curve.seconds[0]) / max(1, curve.tokens[-1] - curve.tokens[0])


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
