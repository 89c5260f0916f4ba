"""Which part of the hardware's rates an engine reaches, and what a step costs besides: the physical coefficients.

Values only; who measured or assumed them is said by the provenance that travels with them.
"""

from dataclasses import dataclass
from typing import Final

REFERENCE_BATCH: Final = 16.0
"""A correction's power is counted from here: with so many requests in a step its factor stands alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEfficiency:
    """Shares are of the data sheet's rate; seconds are added to every step."""

    weights: float
    """Of memory bandwidth, streaming weights that every step reads."""
    experts: float
    """The same for experts, whose matrices are smaller and scattered."""
    cache: float
    """The same for keys and values."""
    compute: float
    """Of the tensor cores' rate, multiplying long rows of tokens by weights."""
    attention: float
    """Of their 16-bit rate, in attention over prompts."""
    decode_attention: float
    """The same with one query a sequence."""
    link: float
    """Of the links' rate."""
    step_s: float
    """Scheduling, sampling, starting the graph: once a step."""
    layer_s: float
    """Kernels too short to fill the GPU: once a layer."""
    expert_layer_s: float
    """More of them where tokens are sorted to experts."""
    mixer_layer_s: float
    """More of them where attention is latent or recurrent."""
    sum_s: float
    """Until an all-reduce moves its first byte."""
    exchange_s: float
    """The same for an exchange between experts."""
    sequence_s: float
    """Bookkeeping and sampling by request."""
    mixed_s: float = 0.0
    """A step with prompts in it runs outside the decode graphs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCorrection:
    """What one group of measurements adds to the physics of all: factors, 1 where nothing was learnt."""

    decode: float = 1.0
    """On steps that only decode, at the reference batch."""
    decode_power: float = 0.0
    """How that factor grows with the requests of a step."""
    prompt: float = 1.0
    """On what prompts add to a step."""
    wait: float = 1.0
    """On the time to the first token beyond what steps explain; not used by step times."""
    wait_power: float = 0.0

    def times(self, other: "StepCorrection") -> "StepCorrection":
        """Both, one upon the other."""
        return StepCorrection(
            decode=self.decode * other.decode,
            decode_power=self.decode_power + other.decode_power,
            prompt=self.prompt * other.prompt,
            wait=self.wait * other.wait,
            wait_power=self.wait_power + other.wait_power,
        )


NO_CORRECTION: Final = StepCorrection()
