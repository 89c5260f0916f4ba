"""Every rule by which SGLang 0.5.23 would end its start, or start and hang, that depends on model, GPU or numbers."""

from typing import Final

from fairlead.engines import field_flags as rows
from fairlead.engines.engine_setup import EngineSetup, RefusalCheck
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import adapters, conversation, extra_arg_checks, formats, limits, speculation
from fairlead.engines.sglang.field_flags import FIELDS
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape

WEIGHTS: Final = "spec.engine.quantization.weights"
LONGER_ALLOWED: Final = "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN"


def gpu_too_old(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/model_executor/model_runner_components/load_model_utils.py`: "SGLang only supports sm75 and above."."""
    gpu = setup.accelerator
    if setup.on_cpu or gpu is None or gpu.capability >= formats.TURING:
        return None
    return SpecRefusal(
        field="spec.accelerator.product",
        value=gpu.product,
        reason=EngineReason.DTYPE_NEEDS_CAPABILITY,
        because=f"SGLang needs compute capability 7.5, and it has {formats.words(gpu.capability)}",
        remedy="write engine.kind: vLLM, or take a newer GPU",
    )


def bfloat16_needs_capability(setup: EngineSetup) -> SpecRefusal | None:
    """`load_model_utils.py: maybe_downgrade_dtype_for_legacy_gpu` computes in float16 instead, and logs it only."""
    gpu = setup.accelerator
    if setup.engine.dtype is not Dtype.BFLOAT16 or gpu is None or gpu.capability >= formats.AMPERE:
        return None
    return SpecRefusal(
        field="spec.engine.dtype",
        value=setup.engine.dtype,
        reason=EngineReason.DTYPE_NEEDS_CAPABILITY,
        because=f"needs compute capability 8.0, and {gpu.product} has {formats.words(gpu.capability)}: SGLang would "
        "compute in float16",
        remedy="write float16",
    )


def weights_need_capability(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/layers/quantization`, get_min_capability of each method: "The quantization method X is not supported"."""
    row, gpu = formats.WEIGHTS.get(setup.weights), setup.accelerator
    if row is None or gpu is None or gpu.capability >= row.least:
        return None
    return _weights(
        setup,
        EngineReason.FORMAT_NEEDS_CAPABILITY,
        f"needs compute capability {formats.words(row.least)} in SGLang, and {gpu.product} has "
        f"{formats.words(gpu.capability)}",
        "write none with an unquantized checkpoint, or ask for a newer GPU",
    )


def weights_differ_from_checkpoint(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/configs/model_config.py: _verify_quantization`: "Quantization method specified in the model config"."""
    shape, wanted = setup.shape, setup.engine.weights
    if shape is None or wanted is WeightFormat.NONE or wanted not in formats.WEIGHTS:
        return None
    stored = shape.stored.format
    if stored is WeightFormat.NONE or formats.WEIGHTS[wanted] == formats.WEIGHTS.get(stored):
        return None
    return _weights(
        setup,
        EngineReason.FORMAT_DIFFERS_FROM_CHECKPOINT,
        f"the checkpoint of {shape.name} is stored as {stored}",
        "write none, which takes the checkpoint as it is",
    )


def checkpoint_is_plain(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/model_loader/weight_utils.py: get_quant_config`: "Cannot find the config file for awq_marlin"."""
    shape, row = setup.shape, formats.WEIGHTS.get(setup.engine.weights)
    if shape is None or row is None or row.loading or shape.stored.format is not WeightFormat.NONE:
        return None
    return _weights(
        setup,
        EngineReason.FORMAT_DIFFERS_FROM_CHECKPOINT,
        f"{shape.name} is not quantized, and {setup.engine.weights} is not made while loading",
        f"take a checkpoint stored as {setup.engine.weights}, or write fp8",
    )


def no_experts_to_quantize(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/layers/quantization/mxfp4.py: Mxfp4Config` makes four bits of experts only; a dense model would stay."""
    shape, row = setup.shape, formats.WEIGHTS.get(setup.engine.weights)
    if shape is None or row is None or not row.experts_only or shape.experts is not None:
        return None
    return _weights(
        setup,
        EngineReason.FORMAT_NEEDS_EXPERTS,
        f"quantizes experts only in SGLang, and {shape.name} has none",
        "write fp8",
    )


def cache_needs_blackwell(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/arg_groups/kv_cache_hook.py`: nvfp4 is for SM100 and SM120."""
    gpu = setup.accelerator
    if setup.engine.kv is not KvFormat.NVFP4 or gpu is None or gpu.capability >= formats.BLACKWELL:
        return None
    return SpecRefusal(
        field="spec.engine.quantization.kvCache",
        value=setup.engine.kv,
        reason=EngineReason.KV_FORMAT_NEEDS_CAPABILITY,
        because=f"needs compute capability 10.0, and {gpu.product} has {formats.words(gpu.capability)}",
        remedy="write fp8 or auto",
    )


def heads_not_divisible(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/models/llama.py`: heads are a multiple of the GPUs, and KV heads a multiple or a divisor of them."""
    tensor, shape = setup.wanted.parallelism.tensor, setup.shape
    if shape is None or tensor < 1 or _is_shared_evenly(shape, tensor):
        return None
    below = next(less for less in range(tensor, 0, -1) if _is_shared_evenly(shape, less))
    return SpecRefusal(
        field="spec.parallelism.tensor",
        value=str(tensor),
        reason=EngineReason.HEADS_NOT_DIVISIBLE,
        because=f"{count(tensor, 'GPU')} cannot share the {shape.heads} attention and {shape.kv_heads} KV heads of "
        f"{shape.name} evenly",
        remedy=f"write {below}",
    )


def _is_shared_evenly(shape: ModelShape, tensor: int) -> bool:
    """Latent attention keeps one vector for all heads, on each GPU."""
    kept = shape.latent is not None or shape.kv_heads % tensor == 0 or tensor % shape.kv_heads == 0
    return shape.heads % tensor == 0 and kept


def degree_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """Degrees below one pass its parser and end the start later."""
    degrees = setup.wanted.parallelism
    for name, degree in (("tensor", degrees.tensor), ("pipeline", degrees.pipeline), ("data", degrees.data)):
        if degree < 1:
            return SpecRefusal(
                field=f"spec.parallelism.{name}",
                value=str(degree),
                reason=EngineReason.OUT_OF_RANGE,
                because="must be at least 1",
                remedy="write 1",
            )
    return None


def too_few_gpus(setup: EngineSetup) -> SpecRefusal | None:
    """Each rank takes a GPU: `srt/entrypoints/engine.py` starts tensor x pipeline x data schedulers."""
    needed, given = setup.wanted.parallelism.gpus, setup.wanted.gpus_per_replica
    if setup.on_cpu or needed <= given:
        return None
    degrees = setup.wanted.parallelism
    return SpecRefusal(
        field="spec.accelerator.count",
        value=str(given),
        reason=EngineReason.GPUS_DIFFER,
        because=f"tensor {degrees.tensor} times pipeline {degrees.pipeline} times data {degrees.data} "
        f"takes {count(needed, 'GPU')}",
        remedy=f"write {needed}, or less parallelism",
    )


def context_too_long(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/configs/model_config.py`: "context_length (N) is greater than the derived context_length (M)"."""
    tokens, shape = setup.engine.max_context_tokens, setup.shape
    if tokens is None or shape is None or tokens <= shape.positions or setup.variable(LONGER_ALLOWED) == "1":
        return None
    return SpecRefusal(
        field="spec.engine.context.maxTokens",
        value=str(tokens),
        reason=EngineReason.CONTEXT_TOO_LONG,
        because=f"{shape.name} was made for {count(shape.positions, 'token')}",
        remedy=f"write {shape.positions} or less",
    )


def count_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """A run showed that `--max-running-requests 0` and `--max-queued-requests 0` start, and serve nothing."""
    return rows.count_out_of_range(setup, FIELDS)


def share_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """A run showed that `--mem-fraction-static 1.5` passes its checks; nothing is left for activations from 1 on."""
    share = setup.engine.memory_utilization
    if share is None or 0 < share < 1:
        return None
    return SpecRefusal(
        field="spec.engine.memoryUtilization",
        value=f"{share:g}",
        reason=EngineReason.OUT_OF_RANGE,
        because="must be above 0 and below 1: in SGLang it is the share of weights and cache, and the rest is needed",
        remedy="leave it out, which lets SGLang decide by the GPU",
    )


def _weights(setup: EngineSetup, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field=WEIGHTS, value=setup.weights, reason=reason, because=because, remedy=remedy)


REFUSAL_CHECKS: Final[tuple[RefusalCheck, ...]] = (
    degree_out_of_range,
    count_out_of_range,
    share_out_of_range,
    gpu_too_old,
    bfloat16_needs_capability,
    weights_need_capability,
    weights_differ_from_checkpoint,
    checkpoint_is_plain,
    no_experts_to_quantize,
    cache_needs_blackwell,
    heads_not_divisible,
    too_few_gpus,
    context_too_long,
    speculation.draft_missing,
    speculation.draft_unused,
    speculation.tokens_missing,
    speculation.no_mtp_layers,
    speculation.vocabulary_differs,
    adapters.rank_out_of_range,
    adapters.name_taken,
    conversation.tool_parser_unknown,
    conversation.tool_parser_missing,
    conversation.reasoning_parser_unknown,
    conversation.reasoning_parser_missing,
    extra_arg_checks.experts_over_other_gpus,
    extra_arg_checks.attention_ranks,
    extra_arg_checks.pool_below_context,
    extra_arg_checks.batch_no_multiple_of_pages,
    extra_arg_checks.priorities_upside_down,
    limits.unsupported_field,
)
