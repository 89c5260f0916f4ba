"""The peak of the profile run: one step of the largest batch, a sampled batch, and the largest images.

Two moments compete: within a layer, with the widest intermediate results, and the end, with the logits of the whole
batch several times over, on a single GPU for the whole vocabulary. What stays allocated in between counts for both.
"""

from typing import Final

from fairlead.fleet.fit import Estimate
from fairlead.fleet.quantization import WeightFormat
from fairlead.sizing import draft_heads, weights
from fairlead.sizing.sizing_input import SizingInput

_MIB: Final = 1024**2
_WORKSPACE: Final = 64 * _MIB
"""cuBLAS work space, positions, block tables: held by PyTorch's allocator whatever the model."""
_RESIDUALS: Final = 4.25
"""Hidden states alive inside a layer: input, residual, normed, output, and a reduced scale."""
_LATENT_PREFIX: Final = 65536
"""Tokens of cached prefix that latent attention expands at once."""


def peak(sizing: SizingInput) -> Estimate:
    """Return the peak bytes on the fullest GPU."""
    held = _held(sizing)
    sampled = logits(sizing) + held + _step_hidden(sizing)
    layer = widest_layer(sizing) + held + _step_hidden(sizing) * _RESIDUALS
    language = max(sampled, layer)
    return Estimate.exact(max(language, images(sizing) + _WORKSPACE))


def logits(sizing: SizingInput) -> float:
    """Return bytes of logits: batch rows times the vocabulary, gathered on each GPU that samples."""
    sampler = sizing.release.logit_bytes
    return sizing.batch_sequences * sizing.shape.padded_vocab * (sizing.dtype_bytes + sampler)


def widest_layer(sizing: SizingInput) -> float:
    """Return one layer's largest intermediate."""
    return max(_mlp(sizing), _attention(sizing), _gathered(sizing))


def images(sizing: SizingInput) -> float:
    """Return bytes to encode as many of the largest images as fit the step's budget, at least one if any may come."""
    vision = sizing.shape.vision
    if vision is None or not sizing.images:
        return 0.0
    patches = encoded_tokens(sizing) * vision.patches_per_token
    return patches * (vision.intermediate + 6 * vision.hidden) * sizing.dtype_bytes


def encoded_tokens(sizing: SizingInput) -> int:
    """Return image tokens of the profile run: at most the batch and what its prompts can hold, but at least one image.

    Mirrors `multimodal/encoder_budget.py`: a single prompt may hold many images, or none by its limit.
    """
    vision = sizing.shape.vision
    if vision is None or not sizing.images or not sizing.prompt_images:
        return 0
    one = vision.most_tokens
    of_prompts = sizing.batch_sequences * max(1, min(sizing.prompt_images, sizing.context // one))
    return one * max(1, min(sizing.batch_tokens // one, of_prompts))


def _step_hidden(sizing: SizingInput) -> float:
    return sizing.batch_tokens * sizing.shape.hidden * sizing.dtype_bytes


def _held(sizing: SizingInput) -> float:
    """Return bytes held at both moments: expert work space, encoded images, hidden states for a head or a stage."""
    handed = 2 * _step_hidden(sizing) if sizing.parallelism.pipeline > 1 else 0.0
    encoded = encoded_tokens(sizing) * sizing.shape.hidden * sizing.dtype_bytes
    return _WORKSPACE + expert_workspace(sizing) + encoded + handed + draft_heads.activations(sizing)


def expert_workspace(sizing: SizingInput) -> float:
    """Return bytes of two buffers that all expert layers share and never free. MXFP4 kernels need none.

    Ranks that share the experts gather the tokens of all of them first, and the largest step has as many on each:
    vLLM's `all2all.py: AgRsAll2AllManager`, the default, and TensorRT-LLM's `fused_moe_cutlass.py`.
    """
    experts = sizing.shape.experts
    if experts is None or sizing.format is WeightFormat.MXFP4:
        return 0.0
    width = sizing.padded_slice
    rows, hidden = _met_tokens(sizing) * experts.per_token, sizing.shape.hidden
    return rows * (max(2 * width, hidden) + max(width, hidden)) * sizing.dtype_bytes


def _met_tokens(sizing: SizingInput) -> int:
    """Return tokens of a step that meet at one set of experts."""
    return sizing.batch_tokens * sizing.expert_ranks


def _gathered(sizing: SizingInput) -> float:
    """Return the hidden states that an expert layer gathers from other ranks."""
    if sizing.shape.experts is None or sizing.expert_ranks == 1:
        return 0.0
    return _met_tokens(sizing) * sizing.shape.hidden * sizing.dtype_bytes


def _mlp(sizing: SizingInput) -> float:
    shape = sizing.shape
    width = max(shape.intermediate, shape.experts.shared_intermediate if shape.experts else 0)
    share = width / sizing.dense_ways
    quantized = 1 if sizing.format in weights.EIGHT_BIT else 0
    return sizing.batch_tokens * share * ((3 if shape.gated else 2) * sizing.dtype_bytes + quantized)


def _attention(sizing: SizingInput) -> float:
    shape, tensor = sizing.shape, sizing.attention_ways
    if shape.latent:
        expanded = shape.heads / tensor * (shape.latent.nope_dim + shape.latent.value_dim)
        return _LATENT_PREFIX * expanded * sizing.dtype_bytes
    made = shape.heads * (3 if shape.gated_attention else 2) + 2 * shape.kv_heads
    return sizing.batch_tokens * made / tensor * shape.head_dim * sizing.dtype_bytes
