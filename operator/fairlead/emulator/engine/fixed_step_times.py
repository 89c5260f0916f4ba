"""Step times that somebody set: one length for steps that read a prompt, another for all others."""

from fairlead.emulator.emulation_knobs import FixedStepSeconds
from fairlead.simulator.engine.batch import DecodeLine, StepBatch


class FixedStepTimes:
    """For tests and demonstrations that need a pace more than a likeness; however many requests share a step."""

    def __init__(self, pace: FixedStepSeconds) -> None:
        self._reading = pace.first_token_seconds
        self._line = DecodeLine(base_s=pace.token_seconds, context_token_s=0.0)

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """The same for any number of requests."""
        del sequences, tokens
        return self._line

    def seconds(self, batch: StepBatch) -> float:
        """A prompt in the step makes it a long one."""
        return self._reading if batch.prefills else self._line.base_s
