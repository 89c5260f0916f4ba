"""Bytes of weights on the fullest GPU, by how the format stores each group of matrices.

Quantized formats cover the linear layers; embeddings, head, norms, router and image tower stay in the model's type.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from fairlead.fleet.fit import Estimate
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import MatrixGroup, ModelShape
from fairlead.sizing import draft_heads, parameters, pipeline_stages
from fairlead.sizing.sizing_input import SizingInput

_LINEAR: Final = frozenset(
    {
        MatrixGroup.ATTENTION,
        MatrixGroup.RECURRENT_IN,
        MatrixGroup.RECURRENT_OUT,
        MatrixGroup.MLP,
        MatrixGroup.EXPERTS,
        MatrixGroup.SHARED_EXPERTS,
    }
)
_OFTEN_LEFT_OUT: Final = frozenset({MatrixGroup.ATTENTION})
_EXPERTS: Final = frozenset({MatrixGroup.EXPERTS})
_TABLES: Final = frozenset({MatrixGroup.EMBEDDING, MatrixGroup.HEAD, MatrixGroup.VISION})
"""Not among the decoder layers."""
_OF_A_RANK: Final = frozenset({MatrixGroup.ATTENTION, MatrixGroup.RECURRENT_IN, MatrixGroup.RECURRENT_OUT})

_CHANNEL: Final = 1 + 4 / 4096
"""One byte, and a float32 scale a row of some 4096."""
_BLOCK: Final = 1 + 4 / (128 * 128)
_GROUP_OF_128: Final = 0.5 + 2.5 / 128
"""Four bits, plus a 16-bit scale and a 4-bit zero point for 128 weights."""

BYTES: Final[Mapping[WeightFormat, float]] = {
    WeightFormat.FP8_PER_TENSOR: 1.0,
    WeightFormat.FP8_PER_BLOCK: _BLOCK,
    WeightFormat.FP8_PER_CHANNEL: _CHANNEL,
    WeightFormat.FP8: _BLOCK,
    WeightFormat.COMPRESSED_TENSORS_INT8: _CHANNEL,
    WeightFormat.COMPRESSED_TENSORS_FP8: _CHANNEL,
    WeightFormat.INT8_EXPERTS: _CHANNEL,
    WeightFormat.MODELOPT: 1.0,
    WeightFormat.MXFP8: 1 + 1 / 32,
    WeightFormat.MXFP4: 0.5 + 1 / 32,
    WeightFormat.NVFP4: 0.5 + 1 / 16,
    WeightFormat.AWQ: _GROUP_OF_128,
    WeightFormat.GPTQ: _GROUP_OF_128,
    WeightFormat.COMPRESSED_TENSORS_INT4: _GROUP_OF_128,
    WeightFormat.BITSANDBYTES: 0.5 + 4 / 64,
}
"""Bytes per quantized weight, including its share of the scales."""

_SCALES: Final[Mapping[WeightFormat, float]] = {
    WeightFormat.COMPRESSED_TENSORS_INT4: 2.0,
    WeightFormat.AWQ: 2.5,
    WeightFormat.GPTQ: 2.5,
}
"""Bytes of a group's scale and zero point, in formats whose groups differ from checkpoint to checkpoint."""

FOUR_BIT: Final = frozenset(stored for stored, size in BYTES.items() if size < 0.75)
EIGHT_BIT: Final = frozenset(stored for stored, size in BYTES.items() if size >= 0.75)


class StageWeights(NamedTuple):
    """Bytes of one GPU of a pipeline's stage."""

    layers: float
    """Of all its decoder layers."""
    tables: float
    """Of the embedding, the head and the image tower, as far as it has them."""
    number: int
    """How many layers it has."""


def bytes_on_fullest_gpu(sizing: SizingInput) -> Estimate:
    """Return the target model's bytes; the stages of a pipeline differ, and the one with most is counted."""
    held = max(one.layers + one.tables for one in stages(sizing))
    return _with_doubt(sizing, held + angles(sizing) + _moved(sizing))


def stages(sizing: SizingInput) -> tuple[StageWeights, ...]:
    """Return the bytes that one GPU of each stage holds."""
    parts, beside = _held(sizing), absorbed(sizing) + copied(sizing)
    return tuple(
        StageWeights(
            layers=sum(size * one.share(group) for group, size in parts.items() if group not in _TABLES)
            + beside * one.layers,
            tables=sum(size * one.share(group) for group, size in parts.items() if group in _TABLES),
            number=round(one.layers * sizing.shape.layers),
        )
        for one in pipeline_stages.of(sizing)
    )


def bytes_of_all_stages(sizing: SizingInput) -> float:
    """Return the same without what no step reads, one GPU of each stage together."""
    return sum(_parts(sizing).values()) + absorbed(sizing) + copied(sizing)


def _held(sizing: SizingInput) -> dict[MatrixGroup, float]:
    """Return the bytes of all layers on one GPU, with the experts that exist twice: a step reads either copy."""
    parts = _parts(sizing)
    return parts | {group: parts[group] * sizing.expert_copies for group in _EXPERTS & parts.keys()}


def _moved(sizing: SizingInput) -> float:
    """Return the room through which the experts of a layer are moved: vLLM's `eplb_state.py: add_model`."""
    if not sizing.moves_experts:
        return 0.0
    return _held(sizing).get(MatrixGroup.EXPERTS, 0.0) / max(1, sizing.shape.expert_layers)


def expert_bytes(sizing: SizingInput) -> float:
    """Return the bytes of its routed experts, all stages together."""
    return _parts(sizing).get(MatrixGroup.EXPERTS, 0.0)


def draft(sizing: SizingInput) -> Estimate:
    """Return bytes of the draft model, head or MTP layers; high assumes a whole draft model on every GPU."""
    drafting, parallelism = sizing.drafting, sizing.parallelism
    if drafting.head:
        return draft_heads.weights(sizing)
    if drafting.model is not None:
        counts = parameters.count(drafting.model)
        stored = drafting.model.stored.format
        held = sum(number * _size(drafting.model, stored, group, 2) for group, number in counts.items())
        return Estimate(held / parallelism.tensor, held / parallelism.tensor, held)
    return _mtp(sizing) if drafting.mtp else Estimate.exact(0)


def _mtp(sizing: SizingInput) -> Estimate:
    """Return bytes of MTP layers, spread like the model's own; only checkpoints in FP8 by blocks surely quantize them
    too."""
    shape, plain = sizing.shape, sizing.dtype_bytes
    whole = stored = 0.0
    for group, number in parameters.mtp_parts(shape).items():
        share = number / _ways(sizing, group) * (sizing.expert_copies if group is MatrixGroup.EXPERTS else 1)
        whole += share * plain
        stored += share * _size(shape, sizing.format, group, plain) * _padding(sizing, group)
    by_blocks = shape.stored.block is not None and sizing.format is shape.stored.format
    return Estimate(min(stored, whole), stored if by_blocks else whole, max(stored, whole * 1.05))


def _parts(sizing: SizingInput) -> dict[MatrixGroup, float]:
    """Return the bytes of all layers on one GPU, as if there were no pipeline."""
    shape, parallelism = sizing.shape, sizing.parallelism
    table = shape.padded_vocab * shape.hidden * sizing.dtype_bytes
    parts: dict[MatrixGroup, float] = {}
    for group, number in parameters.count(shape).items():
        if group not in {MatrixGroup.EMBEDDING, MatrixGroup.HEAD, MatrixGroup.MTP, MatrixGroup.VISION}:
            size = _size(shape, sizing.format, group, sizing.dtype_bytes)
            parts[group] = number * size / _ways(sizing, group) * _padding(sizing, group)
    parts[MatrixGroup.EMBEDDING] = table / sizing.attention_ways
    parts[MatrixGroup.HEAD] = 0.0 if shape.tied else table / sizing.dense_ways
    if shape.vision and sizing.images:
        parts[MatrixGroup.VISION] = (shape.vision.parameters or 450_000_000) * sizing.dtype_bytes / parallelism.tensor
    return parts


def _size(shape: ModelShape, weight_format: WeightFormat, group: MatrixGroup, plain: float) -> float:
    covered = (
        _EXPERTS if weight_format in {WeightFormat.MXFP4, WeightFormat.INT8_EXPERTS} and shape.experts else _LINEAR
    )
    if group not in covered or group in shape.stored.kept:
        return plain
    layers, kept = shape.layers_with(group), dict(shape.stored.kept_layers).get(group, 0)
    share = min(1.0, kept / max(1, layers))
    wide = min(1.0, dict(shape.stored.eight_bit_layers).get(group, 0) / max(1, layers - kept))
    if group in shape.stored.eight_bit:
        wide = 1.0
    return share * plain + (1 - share) * (wide * _CHANNEL + (1 - wide) * _quantized(shape, weight_format, plain))


def _quantized(shape: ModelShape, weight_format: WeightFormat, plain: float) -> float:
    """Return bytes of a weight that has the format which the checkpoint is called by."""
    if shape.stored.group and weight_format is shape.stored.format and weight_format in _SCALES:
        return 0.5 + _SCALES[weight_format] / shape.stored.group
    return BYTES.get(weight_format, plain)


def _ways(sizing: SizingInput, group: MatrixGroup) -> float:
    """Return how many GPUs a part is split over; `deepseek_mtp.py` has the projection of an MTP layer whole on each."""
    if group in {MatrixGroup.NORMS, MatrixGroup.ROUTER} or (group is MatrixGroup.MTP and sizing.shape.latent):
        return 1
    if group is MatrixGroup.EXPERTS:
        return sizing.expert_ways
    return sizing.attention_ways if group in _OF_A_RANK else sizing.dense_ways


def _padding(sizing: SizingInput, group: MatrixGroup) -> float:
    """Return the padding: MXFP4 needs an expert's inner width in multiples of 128, its outer in 256."""
    width, hidden = sizing.expert_slice, sizing.shape.hidden
    if group is not MatrixGroup.EXPERTS or not width:
        return 1.0
    if sizing.format is WeightFormat.MXFP4:
        return (-(-width // 128) * 128 / width) * (-(-hidden // 256) * 256 / hidden)
    return sizing.padded_slice / width


def copied(sizing: SizingInput) -> float:
    """Return what tensor parallelism cannot split: latent attention's down-projections, KV heads fewer than GPUs."""
    shape, tensor = sizing.shape, sizing.attention_ways
    if shape.latent:
        whole = shape.hidden * ((shape.latent.query_rank or 0) + shape.latent.kv_rank + shape.latent.rope_dim)
        beyond = whole * (1 - 1 / tensor)
    else:
        beyond = shape.hidden * 2 * shape.head_dim * max(0.0, 1 - shape.kv_heads / tensor)
    size = _size(shape, sizing.format, MatrixGroup.ATTENTION, sizing.dtype_bytes)
    return shape.attention_layers * beyond * size


def absorbed(sizing: SizingInput) -> float:
    """Return latent attention's second copy of its up-projection, in the order of decoding."""
    latent = sizing.shape.latent
    if latent is None:
        return 0.0
    once = latent.kv_rank * sizing.shape.heads * (latent.nope_dim + latent.value_dim)
    return sizing.shape.layers * once * sizing.dtype_bytes / sizing.attention_ways


def angles(sizing: SizingInput) -> float:
    """Return the table of rope's sines and cosines of every position: 2.5 GiB for ten million positions."""
    shape = sizing.shape
    width = shape.latent.rope_dim if shape.latent else shape.rotary_dim or shape.head_dim
    table = shape.positions * width * sizing.dtype_bytes
    local = table if shape.window and not shape.window.chunked else 0.0
    return table * shape.rotary_stretch + local


def _with_doubt(sizing: SizingInput, likely: float) -> Estimate:
    """Add uncertainty: sizes are exact but for the allocator's rounding, undescribed towers, and unquantized parts."""
    low, high = likely * 0.997, likely * 1.004 + 48 * 1024**2
    if sizing.shape.vision and sizing.images and sizing.shape.vision.parameters is None:
        low, high = low - 250e6 * sizing.dtype_bytes, high + 600e6 * sizing.dtype_bytes
    less, more = _left_out(sizing)
    return Estimate(low - less, likely, high + more)


def _left_out(sizing: SizingInput) -> tuple[float, float]:
    """Return by how much an NVFP4 checkpoint may be smaller or larger: its name does not say what stayed in 16 bits.

    There is no doubt if the checkpoint's own configuration was read; AWQ and GPTQ cover every linear layer.
    """
    shape, plain = sizing.shape, sizing.dtype_bytes
    if sizing.format is not WeightFormat.NVFP4 or shape.stored.described:
        return 0.0, 0.0
    counts, saved = parameters.count(shape), plain - BYTES[sizing.format]
    ways = sizing.attention_ways * sizing.parallelism.pipeline
    kept = sum(counts.get(group, 0) for group in shape.stored.kept)
    unsaid = sum(counts.get(group, 0) for group in _OFTEN_LEFT_OUT - shape.stored.kept - shape.stored.eight_bit)
    return kept * saved / ways, unsaid * saved / ways
