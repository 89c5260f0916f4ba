"""What drafting adds to a step beyond GPU work, before any draft token is verified: measured host time.

N-gram lookup in a request's own tokens reads no weights; but where the host does it, the engine schedules a step only
when the previous one has ended, and the GPU waits. A draft model is launched kernel by kernel if its engine has no CUDA
graphs of it. Both were measured with vLLM 0.32 on H100s (docs/reference/gpu.md); lookup takes 1 to 2.6 ms a step on two
cores of a processor.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.fleet.desired_state import EngineKind, SpeculationMethod


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

_VLLM: Final = frozenset({EngineKind.VLLM, EngineKind.SIMULATED})
_SGLANG: Final = frozenset({EngineKind.SGLANG, EngineKind.SIMULATED_SGLANG})
OWN_STEPS: Final = 3
"""Draft tokens of SGLang's `NEXTN` if no numbers are set, whatever the model's layers."""
USUAL_LAYERS: Final = 16
"""Layers assumed for a draft of unknown shape."""


def lookup(kind: EngineKind, method: SpeculationMethod, *, on_cpu: bool) -> DraftLookup | None:
    """Return the lookup cost; None if the method looks nothing up. Only vLLM looks up on the GPU."""
    if method is not SpeculationMethod.NGRAM:
        return None
    return BY_GPU if kind in _VLLM and not on_cpu else BY_HOST


def own_tokens(kind: EngineKind, layers: int) -> int:
    """Return the draft tokens of a step by a model's own layers (MTP) if no number is set: one of each layer, with
    SGLang always as many. A model of unknown shape has one layer."""
    return OWN_STEPS if kind in _SGLANG else max(1, layers)


def layer_launch_s(kind: EngineKind, method: SpeculationMethod, *, on_cpu: bool) -> float:
    """Return the launch time of a draft model without CUDA graphs (vLLM on GPUs); heads and own layers have graphs."""
    without = kind in _VLLM and method is SpeculationMethod.DRAFT_MODEL and not on_cpu
    return LAYER_LAUNCH_S if without else 0.0
