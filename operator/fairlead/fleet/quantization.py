"""Formats of weights and of the KV cache, by the names that users write."""

from enum import StrEnum
from typing import Final


class WeightFormat(StrEnum):
    """How a model's weights are stored in the GPU's memory."""

    NONE = "none"
    """As the checkpoint has them, unquantized."""
    FP8_PER_TENSOR = "fp8PerTensor"
    FP8_PER_BLOCK = "fp8PerBlock"
    FP8_PER_CHANNEL = "fp8PerChannel"
    MXFP8 = "mxfp8"
    MXFP4 = "mxfp4"
    INT8_EXPERTS = "int8Experts"
    AWQ = "awq"
    GPTQ = "gptq"
    FP8 = "fp8"
    COMPRESSED_TENSORS_INT8 = "compressedTensorsInt8"
    COMPRESSED_TENSORS_INT4 = "compressedTensorsInt4"
    COMPRESSED_TENSORS_FP8 = "compressedTensorsFp8"
    MODELOPT = "modelopt"
    NVFP4 = "nvfp4"
    BITSANDBYTES = "bitsandbytes"


class KvFormat(StrEnum):
    """How the KV cache stores keys and values."""

    AUTO = "auto"
    """As the checkpoint states, otherwise in the model's own type."""
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    FP8 = "fp8"
    FP8_E4M3 = "fp8E4M3"
    FP8_E5M2 = "fp8E5M2"
    NVFP4 = "nvfp4"
    INT8_PER_TOKEN_HEAD = "int8PerTokenHead"


class Dtype(StrEnum):
    """The type that the engine computes in."""

    AUTO = "auto"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    FLOAT32 = "float32"


WHILE_LOADING: Final = frozenset(
    {
        WeightFormat.FP8_PER_TENSOR,
        WeightFormat.FP8_PER_BLOCK,
        WeightFormat.FP8_PER_CHANNEL,
        WeightFormat.MXFP8,
        WeightFormat.MXFP4,
        WeightFormat.INT8_EXPERTS,
    }
)
"""Formats that an engine quantizes to while loading an unquantized checkpoint; the others are how a checkpoint was
stored."""
