"""Step times set by knobs: one for steps with a prefill, another for all others."""

from dataclasses import dataclass

from fairlead.simulator.engine.batch import DecodeLine, StepBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedStepTimes:
    """For tests and demos that need a fixed speed rather than a realistic one; independent of the batch size."""

    first_token_seconds: float = 0.030
    token_seconds: float = 0.010

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """Return the same line for any number of sequences and tokens."""
        del sequences, tokens
        return DecodeLine(base_s=self.token_seconds, context_token_s=0.0)

    def seconds(self, batch: StepBatch) -> float:
        """Return the prefill time if the batch has a prefill, else the decode time."""
        return self.first_token_seconds if batch.prefills else self.token_seconds
