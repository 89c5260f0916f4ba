"""Step times set by knobs: one for steps with a prefill, another for all others."""

from fairlead.emulator.emulation_knobs import FixedStepSeconds
from fairlead.simulator.engine.batch import DecodeLine, StepBatch


class FixedStepTimes:
    """For tests and demos that need a fixed speed, not a realistic one; independent of the batch size."""

    def __init__(self, pace: FixedStepSeconds) -> None:
        self._reading = pace.first_token_seconds
        self._line = DecodeLine(base_s=pace.token_seconds, context_token_s=0.0)

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """The same line for any number of sequences and tokens."""
        del sequences, tokens
        return self._line

    def seconds(self, batch: StepBatch) -> float:
        """The prefill time if the batch has a prefill, else the decode time."""
        return self._reading if batch.prefills else self._line.base_s
