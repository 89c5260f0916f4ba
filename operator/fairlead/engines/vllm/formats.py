"""Which weight and KV cache formats vLLM 0.32 takes, under which name, on which GPU, with which dtype."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fairlead.fleet.accelerators import ADA, AMPERE, BLACKWELL, TURING, ComputeCapability
from fairlead.fleet.quantization import WHILE_LOADING, Dtype, KvFormat, WeightFormat

HALF_PRECISION: Final = frozenset({Dtype.FLOAT16, Dtype.BFLOAT16})
BFLOAT16_ONLY: Final = frozenset({Dtype.BFLOAT16})


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFormatSupport:
    """One format of weights. For some, a stored checkpoint needs more or less than one quantized while loading."""

    flag: str
    """The value of `--quantization`."""
    least: ComputeCapability
    dtypes: frozenset[Dtype] = HALF_PRECISION
    stored_least: ComputeCapability | None = None
    stored_dtypes: frozenset[Dtype] | None = None
    native: ComputeCapability | None = None
    """Below this the format only saves memory: the arithmetic stays in 16 bits."""
    experts_only: bool = False

    def needs(self, *, stored: bool) -> tuple[ComputeCapability, frozenset[Dtype]]:
        """Return the minimum capability, and the dtypes it computes in."""
        if stored:
            return self.stored_least or self.least, self.stored_dtypes or self.dtypes
        return self.least, self.dtypes


WEIGHTS: Final[Mapping[WeightFormat, WeightFormatSupport]] = MappingProxyType(
    {
        WeightFormat.FP8_PER_TENSOR: WeightFormatSupport(flag="fp8_per_tensor", least=TURING, native=ADA),
        WeightFormat.FP8_PER_BLOCK: WeightFormatSupport(flag="fp8_per_block", least=TURING, native=ADA),
        # Its class states 7.5; its kernel says "SM89+" once the first request comes.
        WeightFormat.FP8_PER_CHANNEL: WeightFormatSupport(flag="fp8_per_channel", least=ADA, native=ADA),
        WeightFormat.MXFP8: WeightFormatSupport(
            flag="mxfp8", least=TURING, stored_least=AMPERE, stored_dtypes=BFLOAT16_ONLY, native=BLACKWELL
        ),
        WeightFormat.MXFP4: WeightFormatSupport(
            flag="mxfp4", least=TURING, stored_least=AMPERE, stored_dtypes=BFLOAT16_ONLY, native=BLACKWELL
        ),
        WeightFormat.INT8_EXPERTS: WeightFormatSupport(
            flag="int8_per_channel_weight_only", least=TURING, experts_only=True
        ),
        WeightFormat.AWQ: WeightFormatSupport(flag="awq", least=TURING),
        WeightFormat.GPTQ: WeightFormatSupport(flag="gptq", least=ComputeCapability(6, 0)),
        WeightFormat.FP8: WeightFormatSupport(flag="fp8", least=TURING, native=ADA),
        WeightFormat.COMPRESSED_TENSORS_INT8: WeightFormatSupport(
            flag="compressed-tensors", least=ComputeCapability(7, 0), dtypes=HALF_PRECISION | {Dtype.FLOAT32}
        ),
        WeightFormat.COMPRESSED_TENSORS_INT4: WeightFormatSupport(
            flag="compressed-tensors", least=ComputeCapability(7, 0), dtypes=HALF_PRECISION | {Dtype.FLOAT32}
        ),
        WeightFormat.COMPRESSED_TENSORS_FP8: WeightFormatSupport(
            flag="compressed-tensors",
            least=ComputeCapability(7, 0),
            dtypes=HALF_PRECISION | {Dtype.FLOAT32},
            native=ADA,
        ),
        WeightFormat.MODELOPT: WeightFormatSupport(flag="modelopt", least=AMPERE, native=ADA),
        WeightFormat.NVFP4: WeightFormatSupport(flag="modelopt_fp4", least=TURING, native=BLACKWELL),
    }
)
"""Without `none`, which needs no flag, and `bitsandbytes`, which 0.32 removed."""

KV: Final[Mapping[KvFormat, str]] = MappingProxyType(
    {
        KvFormat.AUTO: "auto",
        KvFormat.BFLOAT16: "bfloat16",
        KvFormat.FLOAT16: "float16",
        KvFormat.FP8: "fp8",
        KvFormat.FP8_E4M3: "fp8_e4m3",
        KvFormat.FP8_E5M2: "fp8_e5m2",
        KvFormat.NVFP4: "nvfp4",
        KvFormat.INT8_PER_TOKEN_HEAD: "int8_per_token_head",
    }
)

EIGHT_BIT_FLOATS: Final = frozenset({WeightFormat.FP8, WeightFormat.COMPRESSED_TENSORS_FP8, WeightFormat.MODELOPT})
"""Checkpoints that vLLM calls FP8 checkpoints."""

MICROSCALED: Final = frozenset({WeightFormat.MXFP8, WeightFormat.MXFP4})
MICROSCALED_GROUP: Final = 32
"""Weights that share one scale: each GPU's part of a matrix must be a multiple of it."""
MIN_BLOCK: Final = 32
"""The smallest block of FP8 scales into which those of experts are divided."""


def nearest(capability: ComputeCapability, *, stored: bool, experts: bool) -> WeightFormat:
    """Return the first format that this GPU supports, stored or made while loading; else the plain checkpoint."""
    for format_, row in WEIGHTS.items():
        least, _ = row.needs(stored=stored)
        if stored != (format_ in WHILE_LOADING) and least <= capability and (experts or not row.experts_only):
            return format_
    return WeightFormat.NONE
