"""Fitted step times of a deployment, corrected by a sweep of its relative.

The relative is the same model on the same card in other formats: if its measured steps are a tenth shorter than its
fitted ones, the same is assumed of the deployment. For FP8 weights that was within 4 % a decode step
(docs/reference/gpu.md), where the fit alone was 10 to 20 % off.
"""

from dataclasses import dataclass

from fairlead.simulator.engine.batch import DecodeLine, StepBatch, StepTimes
from fairlead.simulator.timing.provenance import Provenance

LEAST, MOST = 0.25, 4.0
"""Beyond these ratios a sweep says nothing about the fit."""


@dataclass(frozen=True, slots=True)
class SweptRelative:
    """The swept deployment, fitted and measured."""

    fitted: StepTimes
    measured: StepTimes


class RelativeStepTimes:
    """Step times of a deployment with a swept relative."""

    __slots__ = ("_lines", "_own", "_relative", "provenance")

    def __init__(self, own: StepTimes, relative: SweptRelative, provenance: Provenance) -> None:
        self._own = own
        self._relative = relative
        self.provenance = provenance
        self._lines: dict[tuple[int, int], DecodeLine] = {}

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """Base and slope, corrected by the relative's; drafted tokens cost more of what is left of the fit."""
        found = self._lines.get((sequences, tokens))
        if found is None:
            own = self._own.decode_line(sequences, tokens)
            fitted = self._relative.fitted.decode_line(sequences, sequences)
            measured = self._relative.measured.decode_line(sequences, sequences)
            base_s = own.base_s * _ratio(measured.base_s, fitted.base_s)
            slope = own.context_token_s * _ratio(measured.context_token_s, fitted.context_token_s)
            found = self._lines[sequences, tokens] = DecodeLine(base_s, slope)
        return found

    def seconds(self, batch: StepBatch) -> float:
        """Seconds of any step: the decoding requests alone, plus what prompts add, corrected by the relative's."""
        alone = 0.0
        if batch.decodes:
            alone = self.decode_line(batch.decodes, batch.decode_tokens).seconds(batch.decode_context)
        if not batch.prefills:
            return alone
        relative = self._relative
        ratio = _ratio(_added(relative.measured, batch), _added(relative.fitted, batch))
        return alone + _added(self._own, batch) * ratio


def _added(times: StepTimes, batch: StepBatch) -> float:
    """Seconds that prompts add."""
    whole = times.seconds(batch)
    if not batch.decodes:
        return whole
    return whole - times.decode_line(batch.decodes, batch.decode_tokens).seconds(batch.decode_context)


def _ratio(measured: float, fitted: float) -> float:
    return min(max(measured / fitted, LEAST), MOST) if fitted > 0 else 1.0
