"""Every rule by which vLLM 0.32 would end its start, checked before anything is started."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup, RefusalCheck
from fairlead.engines.vllm import (
    adapters,
    conversation,
    extra_arg_checks,
    kv_cache,
    limits,
    parallelism,
    speculation,
    weights,
)

OF_GPUS: Final[frozenset[RefusalCheck]] = frozenset(
    {
        weights.needs_capability,
        weights.dtype_needs_capability,
        kv_cache.eight_bits_need_capability,
        kv_cache.four_bits_need_blackwell,
        kv_cache.bfloat16_needs_capability,
        parallelism.too_few_gpus,
    }
)
"""Rules about a GPU's generation and number; for a processor `cpu.limits` has its own."""
REFUSAL_CHECKS: Final[tuple[RefusalCheck, ...]] = (
    parallelism.degree_out_of_range,
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
    kv_cache.eight_bits_need_capability,
    kv_cache.four_bits_need_blackwell,
    kv_cache.bfloat16_needs_capability,
    kv_cache.latent_attention,
    kv_cache.five_bit_exponent_with_eight_bit_weights,
    parallelism.heads_not_divisible,
    parallelism.too_few_gpus,
    parallelism.no_experts_to_spread,
    parallelism.balanced_experts_without_spread,
    speculation.draft_missing,
    speculation.draft_unused,
    speculation.tokens_missing,
    speculation.lookup_reversed,
    speculation.lookup_unused,
    speculation.no_mtp_layers,
    speculation.no_multiple_of_mtp_layers,
    speculation.vocabulary_differs,
    speculation.asynchronous_scheduling,
    speculation.batch_too_small_with_adapters,
    limits.context_too_long,
    limits.batch_below_sequences,
    limits.prompts_in_one_piece,
    adapters.rank_too_high,
    adapters.name_taken,
    conversation.tool_parser_unknown,
    conversation.tool_parser_missing,
    conversation.reasoning_parser_unknown,
    conversation.reasoning_parser_missing,
    extra_arg_checks.load_format_gone,
    extra_arg_checks.hash_gone,
    extra_arg_checks.tool_choice_without_parser,
    extra_arg_checks.context_parallel,
    extra_arg_checks.more_active_than_running,
    extra_arg_checks.transfer_without_role,
    extra_arg_checks.metrics_without_speculation,
)


def of(setup: EngineSetup) -> tuple[RefusalCheck, ...]:
    """The rules for what this setup computes on."""
    return tuple(check for check in REFUSAL_CHECKS if not (setup.on_cpu and check in OF_GPUS))
