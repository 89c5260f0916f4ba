"""Step times of one configuration, as the scheduler asks for them: millions of times, so what can be is kept ready.

Deterministic and without memory but for a table of lines by batch size.
"""

from fairlead.sim.engine.batch import Batch, DecodeLine
from fairlead.sim.timing import formula
from fairlead.sim.timing.efficiency import NO_CORRECTION, REFERENCE_BATCH, Correction, Efficiency
from fairlead.sim.timing.formula import Prompts
from fairlead.sim.timing.provenance import Provenance
from fairlead.sim.timing.work import Work


class PhysicalStepTimes:
    """Work over efficiency; says where the efficiency comes from."""

    __slots__ = ("_context", "_correction", "_lines", "_sequence_s", "efficiency", "provenance", "work")

    def __init__(
        self, work: Work, efficiency: Efficiency, provenance: Provenance, correction: Correction = NO_CORRECTION
    ) -> None:
        self.work = work
        self.efficiency = efficiency
        self.provenance = provenance
        self._correction = correction
        self._lines: dict[tuple[int, int], DecodeLine] = {}
        self._sequence_s = formula.sequence_s(work, efficiency)

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """Base and slope of steps for so many requests."""
        found = self._lines.get((sequences, tokens))
        if found is None:
            found = self._lines[sequences, tokens] = self._line(sequences, tokens)
        return found

    def seconds(self, batch: Batch) -> float:
        """Of any step: what the decoding requests take alone, and what the prompts add to it."""
        alone = 0.0
        if batch.decodes:
            base, slope = self.decode_line(batch.decodes, batch.decode_tokens)
            alone = base + slope * batch.decode_context
        if not batch.prefills:
            return alone
        return alone + self._correction.prompt * self._added(batch)

    def _line(self, sequences: int, tokens: int) -> DecodeLine:
        if not sequences:
            return DecodeLine(0.0, 0.0)
        factor = self._correction.decode * (sequences / REFERENCE_BATCH) ** self._correction.decode_power
        base = formula.shared_s(self.work, self.efficiency, tokens) + sequences * self._sequence_s
        slope = formula.context_token_s(self.work, self.efficiency, tokens / sequences)
        return DecodeLine(factor * base, factor * slope)

    def _added(self, batch: Batch) -> float:
        """The matrices are shared: prompts add only what the step takes longer for them."""
        work, reached = self.work, self.efficiency
        together = formula.shared_s(work, reached, batch.decode_tokens + batch.prefill_tokens)
        before = formula.shared_s(work, reached, batch.decode_tokens) if batch.decodes else 0.0
        prompts = Prompts(batch.prefill_tokens, batch.prefill_pairs, batch.prefill_context, batch.prefills)
        return together - before + formula.prompts_s(work, reached, prompts)
