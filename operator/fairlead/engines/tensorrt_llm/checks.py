"""Rules on model, GPU and numbers by which TensorRT-LLM would fail to start, or serve less than the spec says."""

from typing import Final

from fairlead.engines import cache_format, spec_conversation, spec_host_memory, spec_refusals, spec_speculation
from fairlead.engines import field_flags as rows
from fairlead.engines.engine_setup import EngineSetup, RefusalCheck, cited
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm import adapters, conversation, extra_arg_checks, formats, limits
from fairlead.engines.tensorrt_llm.field_keys import FIELDS
from fairlead.engines.tensorrt_llm.memory import MEMORY, settings
from fairlead.fleet.accelerators import AMPERE
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count
from fairlead.fleet.quantization import KvFormat, WeightFormat

WEIGHTS: Final = "spec.engine.quantization.weights"


def weights_need_capability(setup: EngineSetup) -> SpecRefusal | None:
    """The hardware table of NVIDIA's documentation on quantization."""
    row, gpu = formats.WEIGHTS.get(setup.weights), setup.accelerator
    if row is None or gpu is None or gpu.capability >= row.least:
        return None
    return SpecRefusal(
        field=WEIGHTS,
        value=setup.weights,
        reason=EngineReason.FORMAT_NEEDS_CAPABILITY,
        because=f"needs compute capability {row.least} in TensorRT-LLM, and {gpu.product} has {gpu.capability}",
        remedy="take a checkpoint stored in another format, or ask for a newer GPU",
    )


def weights_differ_from_checkpoint(setup: EngineSetup) -> SpecRefusal | None:
    """`_torch/model_config.py` reads the format from the checkpoint alone; nothing is quantized while loading."""
    shape, wanted = setup.shape, setup.engine.weights
    if shape is None or wanted not in formats.WEIGHTS or shape.stored.format is wanted:
        return None
    stored = shape.stored.format
    kept = "unquantized" if stored is WeightFormat.NONE else f"as {stored}"
    return SpecRefusal(
        field=WEIGHTS,
        value=wanted,
        reason=EngineReason.FORMAT_DIFFERS_FROM_CHECKPOINT,
        because=f"the checkpoint of {shape.name} is stored {kept}, and TensorRT-LLM takes it as it is",
        remedy=f"write none, or take a checkpoint stored as {wanted}",
    )


def cache_needs_capability(setup: EngineSetup) -> SpecRefusal | None:
    """NVIDIA's documentation on quantization: FP8 from Ada on, NVFP4 from Blackwell on."""
    found, gpu = cache_format.in_force(setup, MEMORY), setup.accelerator
    row, own = formats.KV.get(found), formats.KV.get(cache_format.of_auto(setup, MEMORY))
    if row is None or gpu is None or gpu.capability >= row.least:
        return None
    what = f"the checkpoint's {found} cache " if setup.engine.kv is KvFormat.AUTO else ""
    has_way_out = own is None or gpu.capability >= own.least
    return SpecRefusal(
        field="spec.engine.quantization.kvCache",
        value=setup.engine.kv,
        reason=EngineReason.KV_FORMAT_NEEDS_CAPABILITY,
        because=f"{what}needs compute capability {row.least}, and {gpu.product} has {gpu.capability}",
        remedy=f"{'write auto' if has_way_out else 'take a checkpoint without such a cache'}, or ask for a newer GPU",
    )


def prompts_in_one_piece(setup: EngineSetup) -> SpecRefusal | None:
    """Without chunked prefill, which NVIDIA lists as "Untested" with pipelines, `max_num_tokens` limits prompts too."""
    batched, context = setup.engine.max_batched_tokens, setup.context_tokens
    most = MEMORY.tokens if batched is None else batched
    if setup.revision.parallelism.pipeline <= 1 or context is None or most >= context:
        return None
    return SpecRefusal(
        field="spec.engine.batching.maxBatchedTokens",
        value=str(most) if batched is not None else "(not written)",
        reason=EngineReason.BATCH_TOO_SMALL,
        because=f"with spec.parallelism.pipeline TensorRT-LLM computes a prompt in one piece, and one may have "
        f"{count(context, 'token')}",
        remedy=f"write {context}, or {most} as spec.engine.context.maxTokens, or use spec.parallelism.tensor",
    )


def count_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """A count below one allows no batch and no request; a `max_batch_size` above `max_num_tokens` only causes a
    warning."""
    return rows.count_out_of_range(setup, FIELDS)


def share_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """`llmapi/llm_args.py: KvCacheConfig.free_gpu_memory_fraction`; graphs are captured in the rest."""
    share = setup.engine.memory_utilization
    if share is None or 0 < share < 1:
        return None
    return SpecRefusal(
        field="spec.engine.memoryUtilization",
        value=f"{share:g}",
        reason=EngineReason.OUT_OF_RANGE,
        because="must be above 0 and below 1: in TensorRT-LLM it is the cache's share of what weights and working "
        "memory leave free",
        remedy="leave it out for the default of 0.9",
    )


REFUSAL_CHECKS: Final[tuple[RefusalCheck, ...]] = (
    cited("Degrees below one are no mapping: `mapping.py: Mapping`.", spec_refusals.degree_out_of_range),
    count_out_of_range,
    share_out_of_range,
    cited(
        "NVIDIA's list of hardware begins with Ampere; `bfloat16` is refused before it.",
        spec_refusals.gpu_too_old,
        AMPERE,
        "TensorRT-LLM",
    ),
    weights_need_capability,
    weights_differ_from_checkpoint,
    cache_needs_capability,
    cited(
        "`_torch/modules/attention.py` divides heads by ranks, without attention DP; `duplicate_kv_weight` repeats KV "
        "heads equally often. `embedding.py` pads the vocabulary to any number of ranks.",
        spec_refusals.heads_not_divisible,
        settings,
        tables=False,
    ),
    cited("`mapping.py`: each rank of tensor x pipeline takes a GPU.", spec_refusals.too_few_gpus),
    cited(
        "Nothing in TensorRT-LLM refuses it, and positions that the model never saw give nonsense.",
        spec_refusals.context_too_long,
    ),
    prompts_in_one_piece,
    cited(
        "`llmapi/llm_args.py: KvCacheConfig`: without `enable_block_reuse` no block is looked up.",
        spec_host_memory.without_prefixes,
    ),
    spec_host_memory.too_small,
    cited(
        '`llmapi/llm_args.py`: "speculative_model must be specified for DraftTarget", and for Eagle3.',
        spec_speculation.draft_missing,
    ),
    cited(
        "`llmapi/llm_args.py: NGramDecodingConfig` takes a speculative_model and loads none.",
        spec_speculation.draft_unused,
    ),
    cited(
        '`llmapi/llm_args.py`: "max_draft_len must be > 0"; MTP has the number of its layers.',
        spec_speculation.tokens_missing,
    ),
    cited(
        "`llmapi/llm_args.py: MTPDecodingConfig` takes the checkpoint's own layers, and there are none.",
        spec_speculation.no_mtp_layers,
    ),
    cited("A draft's tokens are the target's, by number.", spec_speculation.vocabulary_differs),
    cited("`llmapi/lora_helper.py: LoraConfig.max_lora_rank`.", spec_refusals.adapter_rank_out_of_range),
    cited("A router could not say whether a request means the model or its adapter.", spec_refusals.adapter_name_taken),
    adapters.number_taken,
    cited(
        '`commands/serve.py: TOOL_PARSER_CHOICES`; click ends the start with "Invalid value".',
        spec_conversation.parser_unknown,
        conversation.TOOLS,
    ),
    cited("`spec.engine.tools` would say nothing to the engine.", spec_conversation.parser_missing, conversation.TOOLS),
    cited(
        '`commands/serve.py: REASONING_PARSER_CHOICES`; click ends the start with "Invalid value".',
        spec_conversation.parser_unknown,
        conversation.REASONING,
    ),
    cited(
        "`spec.engine.reasoning` would say nothing to the engine.",
        spec_conversation.parser_missing,
        conversation.REASONING,
    ),
    extra_arg_checks.no_assignment,
    extra_arg_checks.switch_with_value,
    extra_arg_checks.key_of_a_field,
    extra_arg_checks.reserved_key,
    extra_arg_checks.key_that_we_rely_on,
    extra_arg_checks.adapters_beside_experts,
    extra_arg_checks.pool_below_context,
    limits.unsupported_field,
)
