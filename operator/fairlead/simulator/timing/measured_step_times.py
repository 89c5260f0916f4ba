"""Step times interpolated between measured steps, for an engine that was swept; no data sheet is needed.

Steps that only decode follow a line in their context for each measured batch, and lines are interpolated between
batches. Prompts follow a curve over their tokens, plus the cost of pairs of tokens.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.timing import roofline
from fairlead.simulator.timing.drafted_step import DraftedStep
from fairlead.simulator.timing.provenance import Provenance

_NO_PASSES: Final = DecodeLine(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class MeasuredLine:
    """Steps of one batch, linear in the total context of its requests."""

    sequences: int
    base_s: float
    context_token_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCurve:
    """Steps that only prefill prompts."""

    tokens: tuple[int, ...]
    """Ascending."""
    seconds: tuple[float, ...]
    """At these token counts, without pairs."""
    pair_s: float

    def of(self, tokens: float, pairs: float) -> float:
        """Seconds of a step of this many tokens and pairs."""
        return interpolated(self.tokens, self.seconds, tokens) + pairs * self.pair_s


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTable:
    """What was measured, ready for use."""

    lines: tuple[MeasuredLine, ...]
    """By batch, ascending."""
    prompts: PromptCurve
    shared_s: float = 0.0
    """What a step with prompts and decoding requests saves over two steps: weights and launches are needed once."""
    draft_step_s: float | None = None
    """Additional time of a step with drafts, however many, if the host looks them up; None if not measured."""
    gpu_draft_step_s: float | None = None
    """The same if the GPU looks them up; None if not measured."""
    head_pass_s: float | None = None
    """Time of each pass of an EAGLE-3 head; None if not measured."""
    draft_token_s: float = 0.0
    """Time of one more token of a decoding request, proposed by a draft."""


class MeasuredStepTimes:
    """Step times of a swept deployment, with their provenance."""

    __slots__ = ("_drafting", "_lines", "provenance", "table")

    def __init__(self, table: StepTable, provenance: Provenance, drafting: DraftedStep | None = None) -> None:
        self.table = table
        self.provenance = provenance
        self._drafting = drafting
        """The deployment's drafting: every step takes a lookup's time; a draft model's passes are estimated."""
        self._lines: dict[tuple[int, int], DecodeLine] = {}

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """Base and slope of decode steps for this many requests and tokens."""
        found = self._lines.get((sequences, tokens))
        if found is None:
            found = self._lines[sequences, tokens] = self._line(sequences, tokens)
        return found

    def seconds(self, batch: StepBatch) -> float:
        """Seconds of any step; one with prompts lasts at least as long as either part of it alone."""
        alone = 0.0
        if batch.decodes:
            line = self.decode_line(batch.decodes, batch.decode_tokens)
            alone = line.seconds(batch.decode_context)
        if not batch.prefills:
            return alone
        prompts = self.table.prompts.of(batch.prefill_tokens, batch.prefill_pairs)
        return alone + prompts - min(self.table.shared_s, alone, prompts)

    def _line(self, sequences: int, tokens: int) -> DecodeLine:
        if not sequences:
            return DecodeLine(0.0, 0.0)
        lines = self.table.lines
        sizes = [one.sequences for one in lines]
        base = interpolated(sizes, [one.base_s for one in lines], sequences)
        slope = interpolated(sizes, [one.context_token_s for one in lines], min(sequences, sizes[-1]))
        drafting, drafted = self._drafting, max(0, tokens - sequences)
        base += drafted * self.table.draft_token_s
        if drafting is not None and drafting.work is not None:
            passes = self._passes(drafting, sequences) if drafted else _NO_PASSES
            return DecodeLine(base + passes.base_s, slope + passes.context_token_s)
        return DecodeLine(base + self._lookup_s(sequences) if drafted or drafting is not None else base, slope)

    def _passes(self, drafting: DraftedStep, sequences: int) -> DecodeLine:
        """Return the line of a draft's passes; of a head's, its base as measured."""
        estimated, measured = drafting.of_passes(roofline.ASSUMED, sequences), self.table.head_pass_s
        if not drafting.head or measured is None:
            return estimated
        return DecodeLine(drafting.passes * measured, estimated.context_token_s)

    def _lookup_s(self, sequences: int) -> float:
        """Return the measured time if there is one; a command without draft settings is treated as the sweep's."""
        lookup = self._drafting.lookup if self._drafting else None
        by_host, by_gpu = self.table.draft_step_s, self.table.gpu_draft_step_s
        if lookup is None:
            return next((measured for measured in (by_host, by_gpu) if measured is not None), 0.0)
        measured = by_gpu if lookup.on_gpu else by_host
        return lookup.seconds(sequences) if measured is None else measured


def interpolated(places: Sequence[float], values: Sequence[float], place: float) -> float:
    """Interpolate linearly; below the first place use its value, above the last extend the last rise."""
    if place <= places[0] or len(places) == 1:
        return values[0]
    high = min(bisect_left(places, place), len(places) - 1)
    rise = (values[high] - values[high - 1]) / (places[high] - places[high - 1])
    if place > places[-1]:
        return values[-1] + max(0.0, rise) * (place - places[-1])
    return values[high - 1] + rise * (place - places[high - 1])


def rising(values: Sequence[float]) -> tuple[float, ...]:
    """Raise each value to at least the one before it, which levels out noise."""
    found = list(values)
    for before, after in pairwise(range(len(found))):
        found[after] = max(found[before], found[after])
    return tuple(found)
