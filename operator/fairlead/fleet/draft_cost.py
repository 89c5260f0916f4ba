"""What drafting adds to a step beyond GPU work, before any draft token is verified: measured host time.

N-gram lookup in a request's own tokens reads no weights; but where the host does it, the engine schedules a step only
when the previous one has ended, and the GPU waits. A draft model is launched kernel by kernel if its engine has no CUDA
graphs of it. Both were measured with vLLM 0.32 on H100s (docs/reference/gpu.md); lookup takes 1 to 2.6 ms a step on two
cores of a processor.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.fleet.desired_state import SpeculationMethod


@dataclass(frozen=True, slots=True)
class DraftLookup:
    """Time that draft lookup takes; a faster GPU does not shorten it."""

    step_s: float
    sequence_s: float = 0.0
    """For each request that decodes."""
    on_gpu: bool = False

    def seconds(self, sequences: float) -> float:
        """Return seconds in a step with this many decoding requests."""
        return self.step_s + sequences * self.sequence_s


BY_HOST: Final = DraftLookup(2.4e-3, 30e-6)
BY_GPU: Final = DraftLookup(0.45e-3, on_gpu=True)
LAYER_LAUNCH_S: Final = 0.7e-3
"""For each layer of a draft and token: 0.4 ms with one request, 0.5 to 0.9 with 2 to 128."""
USUAL_LAYERS: Final = 16
"""Layers assumed for a draft of unknown shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCost:
    """How one kind of engine drafts, as far as a step's time depends on it."""

    gpu_lookup: DraftLookup = BY_HOST
    """N-gram lookup of a replica on GPUs; on a processor the host does it."""
    own_tokens: int | None = None
    """Draft tokens by a model's own layers (MTP) if no number is set; None: one of each layer."""
    launch_s: float = 0.0
    """For each layer of a draft model and token, on GPUs, if it has no CUDA graphs; heads and own layers have them."""

    def lookup(self, method: SpeculationMethod, *, on_cpu: bool) -> DraftLookup | None:
        """Return the lookup cost; None if the method looks nothing up."""
        if method is not SpeculationMethod.NGRAM:
            return None
        return BY_HOST if on_cpu else self.gpu_lookup

    def tokens_of_own_layers(self, layers: int) -> int:
        """Return the draft tokens of a step if no number is set. A model of unknown shape has one layer."""
        return max(1, layers) if self.own_tokens is None else self.own_tokens

    def layer_launch_s(self, method: SpeculationMethod, *, on_cpu: bool) -> float:
        """Return the launch time of each layer of a draft."""
        return self.launch_s if method is SpeculationMethod.DRAFT_MODEL and not on_cpu else 0.0


USUAL: Final = DraftCost()
"""Of an engine that looks up on the host and has graphs of every draft."""
