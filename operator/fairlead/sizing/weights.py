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


def bytes_on_fullest_gpu(question: SizingInput) -> Estimate:
    """Return the target model's bytes; the stages of a pipeline differ, and the one with most is counted."""
    held = max(one.layers + one.tables for one in stages(question))
    return _with_doubt(question, held + angles(question))


def stages(question: SizingInput) -> tuple[StageWeights, ...]:
    """Return the bytes that one GPU of each stage holds."""
    parts, beside = _parts(question), absorbed(question) + copied(question)
    return tuple(
        StageWeights(
            layers=sum(size * one.share(part) for part, size in parts.items() if part not in _TABLES)
            + beside * one.layers,
            tables=sum(size * one.share(part) for part, size in parts.items() if part in _TABLES),
            number=round(one.layers * question.shape.layers),
        )
        for one in pipeline_stages.of(question)
    )


def bytes_of_all_stages(question: SizingInput) -> float:
    """Return the same without what no step reads, one GPU of each stage together."""
    return sum(_parts(question).values()) + absorbed(question) + copied(question)


def expert_bytes(question: SizingInput) -> float:
    """Return the bytes of its routed experts, all stages together."""
    return _parts(question).get(MatrixGroup.EXPERTS, 0.0)


def draft(question: SizingInput) -> Estimate:
    """Return bytes of the draft model, head or MTP layers; high assumes a whole draft model on every GPU."""
    drafting, layout = question.drafting, question.parallelism
    if drafting.head:
        return draft_heads.weights(question)
    if drafting.model is not None:
        counts = parameters.count(drafting.model)
        stored = drafting.model.stored.format
        held = sum(number * _size(drafting.model, stored, part, 2) for part, number in counts.items())
        return Estimate(held / layout.tensor, held / layout.tensor, held)
    return _mtp(question) if drafting.mtp else Estimate.exact(0)


def _mtp(question: SizingInput) -> Estimate:
    """Return bytes of MTP layers, spread like the model's own; only checkpoints in FP8 by blocks surely quantize them
    too."""
    shape, plain = question.shape, question.dtype_bytes
    whole = stored = 0.0
    for part, number in parameters.mtp_parts(shape).items():
        share = number / _ways(question, part)
        whole += share * plain
        stored += share * _size(shape, question.format, part, plain) * _padding(question, part)
    by_blocks = shape.stored.block is not None and question.format is shape.stored.format
    return Estimate(min(stored, whole), stored if by_blocks else whole, max(stored, whole * 1.05))


def _parts(question: SizingInput) -> dict[MatrixGroup, float]:
    """Return the bytes of all layers on one GPU, as if there were no pipeline."""
    shape, layout = question.shape, question.parallelism
    table = shape.padded_vocab * shape.hidden * question.dtype_bytes
    parts: dict[MatrixGroup, float] = {}
    for part, number in parameters.count(shape).items():
        if part not in {MatrixGroup.EMBEDDING, MatrixGroup.HEAD, MatrixGroup.MTP, MatrixGroup.VISION}:
            size = _size(shape, question.format, part, question.dtype_bytes)
            parts[part] = number * size / _ways(question, part) * _padding(question, part)
    parts[MatrixGroup.EMBEDDING] = table / question.attention_ways
    parts[MatrixGroup.HEAD] = 0.0 if shape.tied else table / question.dense_ways
    if shape.vision and question.images:
        parts[MatrixGroup.VISION] = (shape.vision.parameters or 450_000_000) * question.dtype_bytes / layout.tensor
    return parts


def _size(shape: ModelShape, weight_format: WeightFormat, part: MatrixGroup, plain: float) -> float:
    covered = (
        _EXPERTS if weight_format in {WeightFormat.MXFP4, WeightFormat.INT8_EXPERTS} and shape.experts else _LINEAR
    )
    if part not in covered or part in shape.stored.kept:
        return plain
    layers, kept = shape.layers_with(part), dict(shape.stored.kept_layers).get(part, 0)
    share = min(1.0, kept / max(1, layers))
    wide = min(1.0, dict(shape.stored.eight_bit_layers).get(part, 0) / max(1, layers - kept))
    if part in shape.stored.eight_bit:
        wide = 1.0
    return share * plain + (1 - share) * (wide * _CHANNEL + (1 - wide) * _quantized(shape, weight_format, plain))


def _quantized(shape: ModelShape, weight_format: WeightFormat, plain: float) -> float:
    """Return bytes of a weight that has the format which the checkpoint is called by."""
    if shape.stored.group and weight_format is shape.stored.format and weight_format in _SCALES:
        return 0.5 + _SCALES[weight_format] / shape.stored.group
    return BYTES.get(weight_format, plain)


def _ways(question: SizingInput, part: MatrixGroup) -> float:
    """Return how many GPUs a part is split over; `deepseek_mtp.py` has the projection of an MTP layer whole on each."""
    if part in {MatrixGroup.NORMS, MatrixGroup.ROUTER} or (part is MatrixGroup.MTP and question.shape.latent):
        return 1
    if part is MatrixGroup.EXPERTS:
        return question.expert_ways
    return question.attention_ways if part in _OF_A_RANK else question.dense_ways


def _padding(question: SizingInput, part: MatrixGroup) -> float:
    """Return the padding: MXFP4 needs an expert's inner width in multiples of 128, its outer in 256."""
    width, hidden = question.expert_slice, question.shape.hidden
    if part is not MatrixGroup.EXPERTS or not width:
        return 1.0
    if question.format is WeightFormat.MXFP4:
        return (-(-width // 128) * 128 / width) * (-(-hidden // 256) * 256 / hidden)
    return question.padded_slice / width


def copied(question: SizingInput) -> float:
    """Return what tensor parallelism cannot split: latent attention's down-projections, KV heads fewer than GPUs."""
    shape, tensor = question.shape, question.attention_ways
    if shape.latent:
        whole = shape.hidden * ((shape.latent.query_rank or 0) + shape.latent.kv_rank + shape.latent.rope_dim)
        beyond = whole * (1 - 1 / tensor)
    else:
        beyond = shape.hidden * 2 * shape.head_dim * max(0.0, 1 - shape.kv_heads / tensor)
    size = _size(shape, question.format, MatrixGroup.ATTENTION, question.dtype_bytes)
    return shape.attention_layers * beyond * size


def absorbed(question: SizingInput) -> float:
    """Return latent attention's second copy of its up-projection, in the order of decoding."""
    latent = question.shape.latent
    if latent is None:
        return 0.0
    once = latent.kv_rank * question.shape.heads * (latent.nope_dim + latent.value_dim)
    return question.shape.layers * once * question.dtype_bytes / question.attention_ways


def angles(question: SizingInput) -> float:
    """Return the table of rope's sines and cosines of every position: 2.5 GiB for ten million positions."""
    shape = question.shape
    width = shape.latent.rope_dim if shape.latent else shape.rotary_dim or shape.head_dim
    table = shape.positions * width * question.dtype_bytes
    local = table if shape.window and not shape.window.chunked else 0.0
    return table * shape.rotary_stretch + local


def _with_doubt(question: SizingInput, likely: float) -> Estimate:
    """Add uncertainty: sizes are exact but for the allocator's rounding, undescribed towers, and unquantized parts."""
    low, high = likely * 0.997, likely * 1.004 + 48 * 1024**2
    if question.shape.vision and question.images and question.shape.vision.parameters is None:
        low, high = low - 250e6 * question.dtype_bytes, high + 600e6 * question.dtype_bytes
    less, more = _left_out(question)
    return Estimate(low - less, likely, high + more)


def _left_out(question: SizingInput) -> tuple[float, float]:
    """Return by how much an NVFP4 checkpoint may be smaller or larger: its name does not say what stayed in 16 bits.

    There is no doubt if the checkpoint's own configuration was read; AWQ and GPTQ cover every linear layer.
    """
    shape, plain = question.shape, question.dtype_bytes
    if question.format is not WeightFormat.NVFP4 or shape.stored.described:
        return 0.0, 0.0
    counts, saved = parameters.count(shape), plain - BYTES[question.format]
    ways = question.attention_ways * question.parallelism.pipeline
    kept = sum(counts.get(part, 0) for part in shape.stored.kept)
    unsaid = sum(counts.get(part, 0) for part in _OFTEN_LEFT_OUT - shape.stored.kept - shape.stored.eight_bit)
    return kept * saved / ways, unsaid * saved / ways
