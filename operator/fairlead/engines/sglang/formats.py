"""Which weight and KV cache formats SGLang 0.5.23 takes, under which name, and from which GPU on.

The flags of stored formats name the kernels that SGLang would choose itself: `--quantization awq` would force a slower
one than it takes for the same checkpoint without the flag.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fairlead.fleet.accelerators import ADA, AMPERE, BLACKWELL, TURING, ComputeCapability
from fairlead.fleet.quantization import KvFormat, WeightFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class SglangFormat:
    """One format of weights."""

    flag: str
    """The value of `--quantization`."""
    least: ComputeCapability
    """The class's own minimum in `srt/layers/quantization`."""
    loading: bool = False
    """Whether an unquantized checkpoint can be quantized to it while loading."""
    experts_only: bool = False
    """Whether that quantizes experts only."""


WEIGHTS: Final[Mapping[WeightFormat, SglangFormat]] = MappingProxyType(
    {
        WeightFormat.FP8: SglangFormat(flag="fp8", least=AMPERE, loading=True),
        WeightFormat.MXFP8: SglangFormat(flag="mxfp8", least=BLACKWELL, loading=True),
        WeightFormat.MXFP4: SglangFormat(flag="mxfp4", least=AMPERE, loading=True, experts_only=True),
        WeightFormat.AWQ: SglangFormat(flag="awq_marlin", least=AMPERE),
        WeightFormat.GPTQ: SglangFormat(flag="gptq_marlin", least=AMPERE),
        WeightFormat.COMPRESSED_TENSORS_INT8: SglangFormat(flag="compressed-tensors", least=TURING),
        WeightFormat.COMPRESSED_TENSORS_INT4: SglangFormat(flag="compressed-tensors", least=TURING),
        WeightFormat.COMPRESSED_TENSORS_FP8: SglangFormat(flag="compressed-tensors", least=TURING),
        WeightFormat.MODELOPT: SglangFormat(flag="modelopt_fp8", least=ADA),
        WeightFormat.NVFP4: SglangFormat(flag="modelopt_fp4", least=AMPERE),
    }
)
"""Without `none`, which needs no flag, and those that `limits` refuses."""

KV: Final[Mapping[KvFormat, str]] = MappingProxyType(
    {
        KvFormat.BFLOAT16: "bfloat16",
        KvFormat.FP8: "fp8_e4m3",
        KvFormat.FP8_E4M3: "fp8_e4m3",
        KvFormat.FP8_E5M2: "fp8_e5m2",
        KvFormat.NVFP4: "nvfp4",
    }
)
"""Without `auto`. SGLang's parser does not take plain `fp8`; vLLM's `fp8` is E4M3 as well."""
