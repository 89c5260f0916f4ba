"""Step times of one configuration for the scheduler, cached because it needs them millions of times.

Deterministic; the caches are its only state.
"""

from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.timing import formula
from fairlead.simulator.timing.drafted_step import DraftedStep
from fairlead.simulator.timing.efficiency import NO_CORRECTION, REFERENCE_BATCH, StepCorrection, StepEfficiency
from fairlead.simulator.timing.formula import PromptPieces
from fairlead.simulator.timing.provenance import Provenance
from fairlead.simulator.timing.step_work import StepWork


class PhysicalStepTimes:
    """Step times from work and efficiency, with the efficiency's provenance."""

    __slots__ = (
        "_correction",
        "_drafting",
        "_lines",
        "_prompts",
        "_sequence_s",
        "_shared",
        "efficiency",
        "provenance",
        "work",
    )

    def __init__(
        self,
        work: StepWork,
        efficiency: StepEfficiency,
        provenance: Provenance,
        correction: StepCorrection = NO_CORRECTION,
        drafting: DraftedStep | None = None,
    ) -> None:
        self.work = work
        self.efficiency = efficiency
        self.provenance = provenance
        self._correction = correction
        self._drafting = drafting
        self._lines: dict[tuple[int, int], DecodeLine] = {}
        self._shared: dict[int, float] = {}
        self._sequence_s = formula.sequence_s(work, efficiency)
        self._prompts = _by_unit(work, efficiency)

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """Base and slope of decode steps for this many requests and tokens."""
        found = self._lines.get((sequences, tokens))
        if found is None:
            found = self._lines[sequences, tokens] = self._line(sequences, tokens)
        return found

    def seconds(self, batch: StepBatch) -> float:
        """Seconds of any step: the decoding requests alone, plus what prompts add."""
        alone = 0.0
        if batch.decodes:
            alike = batch.decodes, batch.decode_tokens
            line = self._lines.get(alike) or self.decode_line(*alike)
            alone = line.seconds(batch.decode_context)
        if not batch.prefills:
            return alone
        return alone + self._correction.prompt * self._added(batch)

    def _line(self, sequences: int, tokens: int) -> DecodeLine:
        """The line, with a base of at least a single request's, since a correction may fall with the batch."""
        if not sequences:
            return DecodeLine(0.0, 0.0)
        single, several = (self._corrected(count, tokens / sequences) for count in (1, sequences))
        return DecodeLine(max(single.base_s, several.base_s), several.context_token_s)

    def _corrected(self, sequences: int, tokens_a_sequence: float) -> DecodeLine:
        factor = self._correction.decode * (sequences / REFERENCE_BATCH) ** self._correction.decode_power
        shared = formula.shared_s(self.work, self.efficiency, sequences * tokens_a_sequence)
        slope = formula.context_token_s(self.work, self.efficiency, tokens_a_sequence)
        base, on_host, drafting = shared + sequences * self._sequence_s, 0.0, self._drafting
        if drafting is not None:
            on_host = drafting.on_host(sequences)
            if tokens_a_sequence > 1:
                passes = drafting.of_passes(self.efficiency, sequences)
                base, slope = base + passes.base_s, slope + passes.context_token_s
        return DecodeLine(factor * base + on_host, factor * slope)

    def _added(self, batch: StepBatch) -> float:
        """Seconds that prompts add: weights are read once per step, so prompts add only the difference."""
        shared, decoded = self._shared, batch.decode_tokens
        whole = decoded + batch.prefill_tokens
        before = (shared.get(decoded) or self._shared_s(decoded)) if batch.decodes else 0.0
        together = shared.get(whole) or self._shared_s(whole)
        token_s, pair_s, context_s, piece_s = self._prompts
        prompts = batch.prefill_tokens * token_s + batch.prefill_pairs * pair_s + batch.prefill_context * context_s
        return together - before + prompts + batch.prefills * piece_s + self.efficiency.mixed_s

    def _shared_s(self, tokens: int) -> float:
        found = self._shared.get(tokens)
        if found is None:
            found = self._shared[tokens] = formula.shared_s(self.work, self.efficiency, tokens)
        return found


def _by_unit(work: StepWork, efficiency: StepEfficiency) -> PromptPieces:
    """Seconds per token, pair, token of context and chunk: the formula is linear in them."""
    units = (PromptPieces(1, 0, 0, 0), PromptPieces(0, 1, 0, 0), PromptPieces(0, 0, 1, 0), PromptPieces(0, 0, 0, 1))
    fixed = efficiency.mixed_s
    return PromptPieces(*(formula.prompts_s(work, efficiency, unit) - fixed for unit in units))
