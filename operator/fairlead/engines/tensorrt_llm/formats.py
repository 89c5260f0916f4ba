"""Which weight and KV cache formats TensorRT-LLM takes, and from which GPU on.

The checkpoint alone decides the weight format, in `hf_quant_config.json` or `config.json`: there is no option for it.
The GPUs are those of the hardware table in NVIDIA's documentation on quantization.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fairlead.fleet.accelerators import ADA, AMPERE, BLACKWELL, HOPPER, ComputeCapability
from fairlead.fleet.quantization import KvFormat, WeightFormat


@dataclass(frozen=True, slots=True)
class TensorRtFormat:
    """One format of a checkpoint's weights."""

    algorithm: str
    """Its name in `quantization/mode.py: QuantAlgo`."""
    least: ComputeCapability


WEIGHTS: Final[Mapping[WeightFormat, TensorRtFormat]] = MappingProxyType(
    {
        WeightFormat.FP8: TensorRtFormat("FP8, FP8_BLOCK_SCALES", ADA),
        WeightFormat.COMPRESSED_TENSORS_FP8: TensorRtFormat("FP8_PER_CHANNEL_PER_TOKEN", ADA),
        WeightFormat.MODELOPT: TensorRtFormat("FP8", ADA),
        WeightFormat.AWQ: TensorRtFormat("W4A16_AWQ", AMPERE),
        WeightFormat.GPTQ: TensorRtFormat("W4A16_GPTQ", AMPERE),
        WeightFormat.MXFP4: TensorRtFormat("W4A16_MXFP4, W4A8_MXFP4_FP8", HOPPER),
        WeightFormat.MXFP8: TensorRtFormat("MXFP8", BLACKWELL),
        WeightFormat.NVFP4: TensorRtFormat("NVFP4", BLACKWELL),
    }
)
"""Without `none`, and those that `limits` refuses."""


@dataclass(frozen=True, slots=True)
class TensorRtCache:
    """One format of the KV cache."""

    word: str
    """The value of `kv_cache_config.dtype`."""
    least: ComputeCapability


KV: Final[Mapping[KvFormat, TensorRtCache]] = MappingProxyType(
    {
        KvFormat.FP8: TensorRtCache("fp8", ADA),
        KvFormat.FP8_E4M3: TensorRtCache("fp8", ADA),
        KvFormat.NVFP4: TensorRtCache("nvfp4", BLACKWELL),
    }
)
"""Without `auto`. Its `fp8` is E4M3."""
