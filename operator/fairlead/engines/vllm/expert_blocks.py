"""How vLLM 0.32 divides the experts of a checkpoint in FP8 by blocks: `oracle/fp8.py`.

It divides their blocks further, down to 32 weights, if a kernel takes such blocks; that is Triton's, from Ada on. With
a kernel that the arguments name, it pads each GPU's slice to whole blocks instead.
"""

from collections.abc import Mapping
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm import adapters, formats, json_flags
from fairlead.fleet.accelerators import ADA
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ModelShape

FLAG: Final = "--moe-backend"
BALANCED: Final = "--enable-eplb"
CONFIGURATION: Final = "--eplb-config"
MARLIN: Final = "marlin"
"""The kernel that older GPUs have too."""
_TRITON: Final = "triton"
_NAMED: Final = frozenset({MARLIN, _TRITON, "cutlass", "deep_gemm", "flashinfer_cutlass", "flashinfer_trtllm"})


def whole(setup: EngineSetup) -> bool:
    """Whether each expert stays whole on one GPU."""
    return setup.gives("--enable-expert-parallel", "-ep")


def redundant(setup: EngineSetup) -> int:
    """Return how many experts of each layer exist twice; without `--enable-eplb` vLLM refuses any."""
    return redundant_of(json_flags.keys(setup, CONFIGURATION)) if moved(setup) else 0


def redundant_of(config: Mapping[str, object]) -> int:
    """Read the number in the JSON of `--eplb-config`; anything else is left to vLLM to refuse."""
    found = config.get("num_redundant_experts")
    return found if type(found) is int and found > 0 else 0


def moved(setup: EngineSetup) -> bool:
    """Whether experts move between GPUs while the engine serves."""
    return setup.gives(BALANCED)


def group(setup: EngineSetup, block: int) -> int:
    """Return how many weights each GPU's slice of an expert must be a multiple of."""
    kernel = _kernel(setup)
    if pads(setup, kernel):
        return 1
    refined = setup.weights is not WeightFormat.COMPRESSED_TENSORS_FP8 and not _old(setup)
    return formats.MIN_BLOCK if refined and kernel in (None, _TRITON) else block


def pads(setup: EngineSetup, kernel: str | None) -> bool:
    """`pad_tp_shard_to_weight_blocks`: whether slices are padded with this kernel where blocks would be cut."""
    shape = setup.shape
    if shape is None or shape.experts is None or setup.weights is not WeightFormat.FP8 or kernel is None:
        return False
    unfit = whole(setup) or adapters.slot_ranks(setup.engine) or (_old(setup) and kernel != MARLIN)
    return not unfit and _in_blocks(shape, _ways(setup))


def padded_to(setup: EngineSetup) -> int:
    """Return the multiple to which a slice's width is padded: 1 if it is not."""
    kernel, shape = _kernel(setup), setup.shape
    if shape is None or shape.experts is None or not pads(setup, kernel):
        return 1
    refined = kernel == _TRITON and shape.experts.intermediate % (_ways(setup) * formats.MIN_BLOCK) == 0
    return 1 if refined else shape.stored.block or 1


def _kernel(setup: EngineSetup) -> str | None:
    """Return the kernel that the arguments name, if it computes FP8 blocks; vLLM reads dashes as underscores."""
    written = (setup.value(FLAG) or "").lower().replace("-", "_")
    return written if written in _NAMED else None


def _in_blocks(shape: ModelShape, ways: int) -> bool:
    """Whether whole experts consist of whole blocks, and of equal slices."""
    block, width = shape.stored.block, shape.experts.intermediate if shape.experts else 0
    return block is not None and shape.hidden % block == width % block == width % ways == 0


def _ways(setup: EngineSetup) -> int:
    """Data-parallel copies divide each expert among them as well."""
    parallelism = setup.revision.parallelism
    return max(1, parallelism.tensor) * max(1, parallelism.data)


def _old(setup: EngineSetup) -> bool:
    return setup.accelerator is not None and setup.accelerator.capability < ADA
