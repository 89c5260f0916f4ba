"""Weight and KV cache formats for which vLLM 0.32 has processor kernels, has none, or has some for AMX only."""

from dataclasses import dataclass
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.quantization import KvFormat, WeightFormat

_KERNELS: Final = "vllm/model_executor/kernels/linear/__init__.py"

STORED_WELL: Final = "gptq, awq, compressedTensorsInt4 or compressedTensorsInt8"
"""`CPUWNA16LinearKernel` and `CPUInt8ScaledMMLinearKernel` need no special instructions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelGap:
    """Formats that lack a kernel for the same reason."""

    formats: tuple[WeightFormat, ...]
    source: str
    because: str
    of_dense: bool = False
    """Stored experts have a kernel, all other weights have none."""

    def written(self, setup: EngineSetup) -> str | None:
        """Return the setup's format, if it is one of these."""
        if setup.weights not in self.formats or (self.of_dense and _are_stored_experts(setup)):
            return None
        return str(setup.weights)


WITHOUT_KERNEL: Final = (
    KernelGap(
        formats=(WeightFormat.MXFP8,),
        source=f"{_KERNELS}: _POSSIBLE_MXFP8_KERNELS has no CPU",
        because="vLLM has no MXFP8 kernels for a processor",
    ),
    KernelGap(
        formats=(WeightFormat.MXFP4,),
        source=f"{_KERNELS}: _POSSIBLE_MXFP4_KERNELS has no CPU",
        because="on a processor vLLM supports MXFP4 weights only for experts that are stored that way",
        of_dense=True,
    ),
    KernelGap(
        formats=(WeightFormat.NVFP4,),
        source=f"{_KERNELS}: _POSSIBLE_NVFP4_KERNELS has no CPU",
        because="vLLM has no NVFP4 kernels for a processor",
    ),
)

NEED_AMX: Final = frozenset(
    {
        WeightFormat.FP8,
        WeightFormat.FP8_PER_TENSOR,
        WeightFormat.FP8_PER_BLOCK,
        WeightFormat.FP8_PER_CHANNEL,
        WeightFormat.COMPRESSED_TENSORS_FP8,
        WeightFormat.MODELOPT,
        WeightFormat.INT8_EXPERTS,
        WeightFormat.MXFP4,
    }
)
"""`CPUFp8BlockScaledMMKernel`, `CPUFp8PerTensorScaledMMLinearKernel`, `CPUExpertsFp8`, `CPUExpertsInt8` and
`CPUExpertsMxfp4` need AMX on x86; FP8 without blocks falls back to PyTorch's own multiplication, which was not
measured."""

CACHES_REFUSED: Final = frozenset({KvFormat.BFLOAT16, KvFormat.FLOAT16, KvFormat.NVFP4, KvFormat.INT8_PER_TOKEN_HEAD})
EIGHT_BIT_CACHES: Final = frozenset({KvFormat.FP8, KvFormat.FP8_E4M3, KvFormat.FP8_E5M2})
_STEP: Final = 32


def eight_bit_cache_of_odd_heads(setup: EngineSetup) -> str | None:
    """The cache's format, if the heads do not fit the kernel."""
    shape = setup.shape
    odd = shape is not None and shape.latent is None and shape.head_dim % _STEP != 0
    return str(setup.engine.kv) if odd and setup.engine.kv in EIGHT_BIT_CACHES else None


def eight_bit_latent_cache(setup: EngineSetup) -> str | None:
    """The cache's format, if the model compresses its cache itself."""
    latent = setup.shape is not None and setup.shape.latent is not None
    return str(setup.engine.kv) if latent and setup.engine.kv in EIGHT_BIT_CACHES else None


def _are_stored_experts(setup: EngineSetup) -> bool:
    shape = setup.shape
    return shape is not None and shape.experts is not None and shape.stored.format is setup.weights
