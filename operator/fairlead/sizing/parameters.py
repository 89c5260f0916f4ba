"""How many parameters a shape has, by matrix group. Exact for the families that the catalogue reads.

Embedding and head are counted as published; `weights` adds the rows that vLLM pads to a multiple of 64.
"""

from fairlead.fleet.shapes import MatrixGroup, ModelShape


def count(shape: ModelShape) -> dict[MatrixGroup, int]:
    """Return parameters by part; a tied model's head counts none."""
    table = shape.vocab * shape.hidden
    counts = {
        MatrixGroup.EMBEDDING: table,
        MatrixGroup.HEAD: 0 if shape.tied else table,
        MatrixGroup.NORMS: _norms(shape),
        MatrixGroup.ATTENTION: attention(shape),
        MatrixGroup.RECURRENT_IN: _recurrent_in(shape),
        MatrixGroup.RECURRENT_OUT: _recurrent_out(shape),
        MatrixGroup.MLP: _dense_mlp(shape),
        MatrixGroup.EXPERTS: _experts(shape),
        MatrixGroup.SHARED_EXPERTS: _shared_experts(shape),
        MatrixGroup.ROUTER: _router(shape),
        MatrixGroup.VISION: (shape.vision.parameters or 0) if shape.vision else 0,
        MatrixGroup.MTP: mtp(shape),
    }
    return {group: number for group, number in counts.items() if number}


def text_total(shape: ModelShape) -> int:
    """Return all parameters except the image tower and the MTP heads: what model pages usually count."""
    return sum(number for group, number in count(shape).items() if group not in {MatrixGroup.VISION, MatrixGroup.MTP})


def active(shape: ModelShape) -> int:
    """Return what one token passes: a lookup instead of the embedding, and only the chosen experts."""
    counts = count(shape)
    idle = counts.get(MatrixGroup.EXPERTS, 0)
    chosen = idle * shape.experts.per_token // shape.experts.count if shape.experts else 0
    head = shape.vocab * shape.hidden
    outside = (MatrixGroup.VISION, MatrixGroup.MTP, MatrixGroup.EMBEDDING, MatrixGroup.HEAD)
    return sum(number for group, number in counts.items() if group not in outside) - idle + chosen + head


def attention(shape: ModelShape) -> int:
    """Return projections of every layer with keys and values."""
    if shape.latent:
        return shape.layers * _latent_layer(shape)
    if not shape.wide:
        return shape.attention_layers * _head_layer(shape, shape.head_dim, shape.kv_heads, 2)
    narrow = _head_layer(shape, shape.head_dim, shape.kv_heads, 2)
    wide = _head_layer(shape, shape.wide.head_dim, shape.wide.kv_heads, 1 if shape.wide.keys_are_values else 2)
    return (shape.attention_layers - shape.full_layers) * narrow + shape.full_layers * wide


def _head_layer(shape: ModelShape, head_dim: int, kv_heads: int, stored_sides: int) -> int:
    queries, pairs = shape.heads * head_dim, kv_heads * head_dim
    made = queries * (2 if shape.gated_attention else 1) + stored_sides * pairs
    bias = (made if shape.query_key_value_bias else 0) + (shape.hidden if shape.output_bias else 0)
    norm = 2 * head_dim if shape.query_key_norm else 0
    return shape.hidden * (made + queries) + bias + norm


def _latent_layer(shape: ModelShape) -> int:
    latent = shape.latent
    assert latent is not None
    query_width = shape.heads * (latent.nope_dim + latent.rope_dim)
    if latent.query_rank is None:
        queries = shape.hidden * query_width
    else:
        queries = latent.query_rank * (shape.hidden + query_width) + latent.query_rank
    down = shape.hidden * (latent.kv_rank + latent.rope_dim) + latent.kv_rank
    up = latent.kv_rank * shape.heads * (latent.nope_dim + latent.value_dim)
    out = shape.heads * latent.value_dim * shape.hidden
    index = 0
    if latent.index_dim is not None:
        source = latent.query_rank or shape.hidden
        index = source * latent.index_heads * latent.index_dim + shape.hidden * (latent.index_dim + latent.index_heads)
    return queries + down + up + out + index


def _mlp(shape: ModelShape, width: int) -> int:
    bias = 0 if shape.gated or not shape.output_bias else width + shape.hidden
    return (3 if shape.gated else 2) * shape.hidden * width + bias


def _dense_mlp(shape: ModelShape) -> int:
    beside = shape.experts is not None and shape.experts.beside_dense
    layers = shape.layers if beside else shape.layers - shape.expert_layers
    return layers * _mlp(shape, shape.intermediate)


def _experts(shape: ModelShape) -> int:
    if not shape.experts:
        return 0
    width = shape.experts.intermediate
    bias = 2 * width + shape.hidden if shape.output_bias else 0
    return shape.expert_layers * shape.experts.count * (3 * shape.hidden * width + bias)


def _shared_experts(shape: ModelShape) -> int:
    return shape.expert_layers * 3 * shape.hidden * shape.experts.shared_intermediate if shape.experts else 0


def _router(shape: ModelShape) -> int:
    if not shape.experts:
        return 0
    gate = shape.hidden if shape.family.startswith(("qwen2_moe", "qwen3_5_moe")) else 0
    bias = shape.experts.count if shape.output_bias or shape.family in {"deepseek_v3", "kimi_k2", "glm4_moe"} else 0
    return shape.expert_layers * (shape.hidden * shape.experts.count + gate + bias)


def _norms(shape: ModelShape) -> int:
    sinks = shape.layers * shape.heads if shape.family == "gpt_oss" else 0
    width = 2 * shape.hidden if shape.output_bias and shape.family in {"phi", "phimoe"} else shape.hidden
    head_bias = shape.vocab if shape.family in {"phi", "phimoe"} else 0
    return width * (shape.norms_per_layer * shape.layers + 1) + sinks + head_bias


def _recurrent_in(shape: ModelShape) -> int:
    state = shape.recurrent
    if not state:
        return 0
    keys, values = state.key_heads * state.key_dim, state.value_heads * state.value_dim
    mixed = 2 * keys + 2 * values + 2 * state.value_heads
    small = (2 * keys + values) * state.kernel + 2 * state.value_heads + state.value_dim
    return state.layers * (shape.hidden * mixed + small)


def _recurrent_out(shape: ModelShape) -> int:
    state = shape.recurrent
    return state.layers * state.value_heads * state.value_dim * shape.hidden if state else 0


def mtp(shape: ModelShape) -> int:
    """Return the MTP heads' parameters."""
    return sum(mtp_parts(shape).values())


def mtp_parts(shape: ModelShape) -> dict[MatrixGroup, int]:
    """Return them by part: each head is another such layer, and a projection of two hidden states to one.

    They share the model's embedding and head.
    """
    deep = max(1, shape.expert_layers)
    counts = {
        MatrixGroup.ATTENTION: attention(shape) // shape.attention_layers,
        MatrixGroup.EXPERTS: _experts(shape) // deep,
        MatrixGroup.SHARED_EXPERTS: _shared_experts(shape) // deep,
        MatrixGroup.MLP: 0 if shape.experts else _mlp(shape, shape.intermediate),
        MatrixGroup.MTP: 2 * shape.hidden * shape.hidden,
    }
    return {group: number * shape.mtp_layers for group, number in counts.items() if number * shape.mtp_layers}
