"""Every rule by which vLLM 0.32 would fail to start, checked before anything is started."""

from typing import Final

from fairlead.engines import spec_conversation, spec_host_memory, spec_refusals, spec_speculation
from fairlead.engines.engine_setup import EngineSetup, RefusalCheck, cited
from fairlead.engines.vllm import (
    adapters,
    captured_steps,
    conversation,
    extra_arg_checks,
    field_flags,
    host_cache,
    kv_cache,
    limits,
    memory,
    parallelism,
    release,
    speculation,
    weights,
)

OF_GPUS: Final[frozenset[RefusalCheck]] = frozenset(
    {
        weights.needs_capability,
        weights.dtype_needs_capability,
        weights.blocks_cut,
        kv_cache.eight_bits_need_capability,
        kv_cache.four_bits_need_blackwell,
        kv_cache.bfloat16_needs_capability,
    }
)
"""Rules about a GPU's generation and number; `cpu.limits` has its own for processors."""
OF_RELEASE: Final[tuple[RefusalCheck, ...]] = (
    speculation.draft_heads_not_divisible,
    speculation.draft_in_a_bucket,
    captured_steps.sizes_given_twice,
    adapters.in_a_bucket,
    parallelism.adapters_divided_twice,
    conversation.unknown_tool_parser,
    conversation.unknown_reasoning_parser,
    extra_arg_checks.load_format_unknown,
    extra_arg_checks.load_format_without_bucket,
    extra_arg_checks.more_active_than_running,
    extra_arg_checks.threshold_above_context,
    extra_arg_checks.transfer_of_moving_memory,
    host_cache.shared_memory_too_small,
)
"""Rules that end a start for sure only in this release (`release.is_certain`); elsewhere they are warnings."""
REFUSAL_CHECKS: Final[tuple[RefusalCheck, ...]] = (
    cited("Degrees below one end the parser.", spec_refusals.degree_out_of_range),
    limits.out_of_range,
    limits.share_out_of_range,
    weights.removed,
    weights.needs_capability,
    weights.dtype_needs_capability,
    weights.needs_dtype,
    weights.needs_experts,
    weights.differs_from_checkpoint,
    weights.checkpoint_is_plain,
    weights.not_aligned,
    weights.blocks_cut,
    kv_cache.eight_bits_need_capability,
    kv_cache.four_bits_need_blackwell,
    kv_cache.bfloat16_needs_capability,
    kv_cache.latent_attention,
    kv_cache.five_bit_exponent_with_eight_bit_weights,
    cited(
        '"Total number of attention heads (4) must be divisible by tensor parallel size (3)."; `QKVParallelLinear` '
        "divides KV heads too, or repeats each equally often, and `VocabParallelEmbedding` and `MLP` their widths: an "
        "AssertionError while loading.",
        spec_refusals.heads_not_divisible,
        memory.settings,
    ),
    cited(
        '"World size (N) is larger than the number of available GPUs (M) in this node.".', spec_refusals.too_few_gpus
    ),
    parallelism.no_experts_to_spread,
    parallelism.balanced_experts_without_spread,
    cited(
        "No error in vLLM, which would copy blocks to main memory and load each from there.",
        spec_host_memory.without_prefixes,
    ),
    spec_host_memory.too_small,
    host_cache.connector_replaced,
    cited('"num_speculative_tokens was provided but without speculative model.".', spec_speculation.draft_missing),
    cited(
        "No error in vLLM, which leaves the model aside; whoever named it expects it to work.",
        spec_speculation.draft_unused,
    ),
    cited(
        '"num_speculative_tokens must be provided ..."; only mtp brings its own number.',
        spec_speculation.tokens_missing,
    ),
    speculation.lookup_reversed,
    speculation.lookup_unused,
    cited(
        "\"Unsupported speculative method: 'mtp'\": the target has no layers for it and no draft brings them.",
        spec_speculation.no_mtp_layers,
    ),
    speculation.no_multiple_of_mtp_layers,
    cited('"Target and draft model should have the same vocabulary size.".', spec_speculation.vocabulary_differs),
    speculation.batch_too_small_with_adapters,
    captured_steps.of_an_eager_engine,
    captured_steps.longer_than_a_step,
    cited(
        '"User-specified max_model_len (100000) is greater than the derived max_model_len".',
        spec_refusals.context_too_long,
        limits.LONGER_ALLOWED,
        field_flags.CONFIGURATION,
    ),
    limits.batch_below_sequences,
    limits.prompts_in_one_piece,
    adapters.rank_too_high,
    adapters.unsafe_updating,
    adapters.sleeping,
    cited(
        "The model and its adapters share one list of names; a request could not say which it means.",
        spec_refusals.adapter_name_taken,
    ),
    cited(
        '"invalid tool call parser: X (chose from { ... })", a KeyError at the start.',
        spec_conversation.parser_unknown,
        conversation.TOOLS,
    ),
    cited(
        '"--enable-auto-tool-choice requires --tool-call-parser"; without either the field would say nothing.',
        spec_conversation.parser_missing,
        conversation.TOOLS,
    ),
    cited(
        '"invalid reasoning parser: X (chose from { ... })", a KeyError at the start.',
        spec_conversation.parser_unknown,
        conversation.REASONING,
    ),
    cited(
        "`spec.engine.reasoning` would say nothing to the engine.",
        spec_conversation.parser_missing,
        conversation.REASONING,
    ),
    extra_arg_checks.load_format_gone,
    extra_arg_checks.hash_gone,
    extra_arg_checks.tool_choice_without_parser,
    extra_arg_checks.context_parallel,
    extra_arg_checks.transfer_without_role,
    extra_arg_checks.metrics_without_speculation,
    *OF_RELEASE,
)


def of(setup: EngineSetup) -> tuple[RefusalCheck, ...]:
    """Return the rules for this hardware and image."""
    left_out = (OF_GPUS if setup.on_cpu else frozenset()) | (
        frozenset() if release.is_certain(setup.engine) else frozenset(OF_RELEASE)
    )
    return tuple(check for check in REFUSAL_CHECKS if check not in left_out)
