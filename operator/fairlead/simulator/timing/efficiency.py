"""The physical coefficients: the share of the hardware's rates that an engine reaches, and a step's other costs.

Values only; their provenance says where they were measured or assumed.
"""

from dataclasses import dataclass
from typing import Final

REFERENCE_BATCH: Final = 16.0
"""At this batch size a correction's power has no effect: only its factor applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEfficiency:
    """Shares of the data sheet's rates, and seconds that are added to steps."""

    weights: float
    """Share of memory bandwidth when streaming the weights that every step reads."""
    experts: float
    """The same for experts, whose matrices are smaller and scattered."""
    cache: float
    """The same for keys and values."""
    compute: float
    """Share of the tensor cores' rate when multiplying many tokens by weights."""
    attention: float
    """Share of the 16-bit rate in attention over prompts."""
    decode_attention: float
    """The same with one query a sequence."""
    link: float
    """Share of the links' rate."""
    step_s: float
    """Scheduling, sampling, launching the graph: per step."""
    layer_s: float
    """Kernels too short to fill the GPU: per layer."""
    expert_layer_s: float
    """Further such kernels per layer with experts."""
    mixer_layer_s: float
    """Further such kernels per layer with latent or recurrent attention."""
    sum_s: float
    """Start-up latency of an all-reduce."""
    exchange_s: float
    """The same for an exchange between experts."""
    sequence_s: float
    """Bookkeeping and sampling per request."""
    mixed_s: float = 0.0
    """Per step with prefill, which runs outside the decode graphs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCorrection:
    """A group's correction of the common physics: factors are 1 and powers 0 where nothing was fitted."""

    decode: float = 1.0
    """Factor of steps that only decode, at the reference batch."""
    decode_power: float = 0.0
    """Power by which that factor grows with the batch size."""
    prompt: float = 1.0
    """Factor of what prompts add to a step."""
    wait: float = 1.0
    """Factor of the whole TTFT, for what step times do not explain; step times do not use it."""
    wait_power: float = 0.0

    def times(self, other: "StepCorrection") -> "StepCorrection":
        """Both corrections combined."""
        return StepCorrection(
            decode=self.decode * other.decode,
            decode_power=self.decode_power + other.decode_power,
            prompt=self.prompt * other.prompt,
            wait=self.wait * other.wait,
            wait_power=self.wait_power + other.wait_power,
        )


NO_CORRECTION: Final = StepCorrection()
