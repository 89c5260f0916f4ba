"""What drafting costs a step beyond the work of a GPU, before any token of it is verified: a host's time, measured.

Looking drafts up in a request's own tokens (n-gram) reads no weights; but where the host does it, the engine schedules
a step only when the one before it has ended, and the GPU waits. A draft model is launched kernel by kernel where its
engine has no CUDA graphs of it. Both with vLLM 0.32 on H100s (docs/reference/gpu.md); looking up takes 1 to 2.6 ms a
step on two cores of a processor.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.fleet.desired_state import EngineKind, SpeculationMethod


@dataclass(frozen=True, slots=True)
class DraftLookup:
    """What looking drafts up takes, and no faster GPU shortens."""

    step_s: float
    sequence_s: float = 0.0
    """For each request that decodes."""
    on_gpu: bool = False

    def seconds(self, sequences: float) -> float:
        """Of a step in which so many requests decode."""
        return self.step_s + sequences * self.sequence_s


BY_HOST: Final = DraftLookup(2.4e-3, 30e-6)
BY_GPU: Final = DraftLookup(0.45e-3, on_gpu=True)
LAYER_LAUNCH_S: Final = 0.7e-3
"""For a layer of a draft and a token: 0.4 ms with one request, 0.5 to 0.9 with 2 to 128."""

_VLLM: Final = frozenset({EngineKind.VLLM, EngineKind.SIMULATED})
USUAL_LAYERS: Final = 16
"""Of a draft whose shape is not known."""


def lookup(kind: EngineKind, method: SpeculationMethod, *, on_cpu: bool) -> DraftLookup | None:
    """None for a method that looks nothing up; of the kinds, vLLM alone looks up on the GPU."""
    if method is not SpeculationMethod.NGRAM:
        return None
    return BY_GPU if kind in _VLLM and not on_cpu else BY_HOST


def layer_launch_s(kind: EngineKind, method: SpeculationMethod, *, on_cpu: bool) -> float:
    """Of a draft model that runs without CUDA graphs, as vLLM's do on GPUs; heads and layers of its own have theirs."""
    without = kind in _VLLM and method is SpeculationMethod.DRAFT_MODEL and not on_cpu
    return LAYER_LAUNCH_S if without else 0.0
