"""Rules on model, GPU and numbers by which SGLang 0.5.23 would fail to start, or start and hang."""

from typing import Final

from fairlead.engines import field_flags as rows
from fairlead.engines import spec_conversation, spec_host_memory, spec_refusals, spec_scales, spec_speculation
from fairlead.engines.engine_setup import EngineSetup, RefusalCheck, cited
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import conversation, extra_arg_checks, formats, host_cache, limits
from fairlead.engines.sglang.field_flags import FIELDS
from fairlead.engines.sglang.memory import settings
from fairlead.engines.spec_scales import ScaleGroups
from fairlead.fleet.accelerators import AMPERE, BLACKWELL, TURING
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat

WEIGHTS: Final = "spec.engine.quantization.weights"
_OTHERWISE_DIVIDED: Final = (
    *("--attn-dp-size", "--attention-data-parallel-size", "--enable-dp-attention", "--moe-dense-tp-size"),
    *("--moe-a2a-backend", "--moe-dp-size", "--moe-data-parallel-size"),
)
LONGER_ALLOWED: Final = "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN"
CONFIGURATION: Final = "--json-model-override-args"


def bfloat16_needs_capability(setup: EngineSetup) -> SpecRefusal | None:
    """`load_model_utils.py: maybe_downgrade_dtype_for_legacy_gpu` computes in float16 instead, and only logs it."""
    gpu = setup.accelerator
    if setup.engine.dtype is not Dtype.BFLOAT16 or gpu is None or gpu.capability >= AMPERE:
        return None
    return SpecRefusal(
        field="spec.engine.dtype",
        value=setup.engine.dtype,
        reason=EngineReason.DTYPE_NEEDS_CAPABILITY,
        because=f"needs compute capability 8.0, and {gpu.product} has {gpu.capability}: SGLang would "
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
        f"needs compute capability {row.least} in SGLang, and {gpu.product} has {gpu.capability}",
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
    """`srt/layers/quantization/mxfp4.py: Mxfp4Config` quantizes experts only; a dense model would stay as it is."""
    shape, row = setup.shape, formats.WEIGHTS.get(setup.engine.weights)
    if shape is None or row is None or not row.experts_only or shape.experts is not None:
        return None
    return _weights(
        setup,
        EngineReason.FORMAT_NEEDS_EXPERTS,
        f"quantizes experts only in SGLang, and {shape.name} has none",
        "write fp8",
    )


def blocks_cut(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/layers/quantization/fp8.py`: "The output_size of gate's and up's weight = 192 is not divisible by weight
    quantization block_n = 128". How attention ranks and other back ends of experts divide is not checked here."""
    block = setup.shape.stored.block if setup.shape else None
    if block is None or setup.gives(*_OTHERWISE_DIVIDED):
        return None
    groups = ScaleGroups(size=block, experts=block, spread=settings(setup).expert_parallel)
    spread = f"add --ep-size {setup.revision.parallelism.tensor} to spec.engine.extraArgs"
    return spec_scales.cut_groups(setup, groups, spread, "take a checkpoint stored in another format")


def cache_needs_blackwell(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/arg_groups/kv_cache_hook.py`: nvfp4 is for SM100 and SM120."""
    gpu = setup.accelerator
    if setup.engine.kv is not KvFormat.NVFP4 or gpu is None or gpu.capability >= BLACKWELL:
        return None
    return SpecRefusal(
        field="spec.engine.quantization.kvCache",
        value=setup.engine.kv,
        reason=EngineReason.KV_FORMAT_NEEDS_CAPABILITY,
        because=f"needs compute capability 10.0, and {gpu.product} has {gpu.capability}",
        remedy="write fp8 or auto",
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
    cited("Degrees below one pass its parser and end the start later.", spec_refusals.degree_out_of_range),
    count_out_of_range,
    share_out_of_range,
    cited(
        '`srt/model_executor/model_runner_components/load_model_utils.py`: "SGLang only supports sm75 and above.".',
        spec_refusals.gpu_too_old,
        TURING,
        "SGLang",
    ),
    bfloat16_needs_capability,
    weights_need_capability,
    weights_differ_from_checkpoint,
    checkpoint_is_plain,
    no_experts_to_quantize,
    blocks_cut,
    cache_needs_blackwell,
    cited(
        "`srt/models/llama.py`: heads are a multiple of the GPUs of an attention rank, and KV heads a multiple or a "
        "divisor of them; `srt/layers/vocab_parallel_embedding.py` and `linear.py` divide their widths as well.",
        spec_refusals.heads_not_divisible,
        settings,
    ),
    cited(
        "Each rank takes a GPU: `srt/entrypoints/engine.py` starts tensor x pipeline x data schedulers.",
        spec_refusals.too_few_gpus,
    ),
    cited(
        '`srt/configs/model_config.py`: "context_length (N) is greater than the derived context_length (M)".',
        spec_refusals.context_too_long,
        LONGER_ALLOWED,
        CONFIGURATION,
    ),
    cited(
        "`srt/arg_groups`: a hierarchical cache without the radix cache is refused.",
        spec_host_memory.without_prefixes,
    ),
    spec_host_memory.too_small,
    host_cache.another_cache,
    host_cache.four_bit_cache,
    cited(
        "`srt/speculative/standalone_worker_v2.py` and `eagle_worker_v2.py` load a draft, and there is none.",
        spec_speculation.draft_missing,
    ),
    cited(
        "No error in SGLang, which leaves the model aside; whoever named it expects it to work.",
        spec_speculation.draft_unused,
    ),
    cited(
        "Only MTP has numbers of its own: `srt/arg_groups/speculative_hook.py: _auto_choose_speculative_params`.",
        spec_speculation.tokens_missing,
    ),
    cited(
        "`_handle_eagle_family` takes the model itself for the draft, which has no such layers to load.",
        spec_speculation.no_mtp_layers,
    ),
    cited(
        "`srt/speculative/standalone_worker_v2.py`: the draft's tokens are the target's, by number.",
        spec_speculation.vocabulary_differs,
    ),
    cited(
        "`--max-lora-rank` is the highest of them, and `srt/lora/lora_manager.py` takes any number above zero.",
        spec_refusals.adapter_rank_out_of_range,
    ),
    cited(
        "The model and its adapters share one list of names in `/v1/models`; a request could not say which it means.",
        spec_refusals.adapter_name_taken,
    ),
    cited(
        '`srt/server_args.py: _tool_call_parser_choices`; argparse ends the start with "invalid choice".',
        spec_conversation.parser_unknown,
        conversation.TOOLS,
    ),
    cited("`spec.engine.tools` would say nothing to the engine.", spec_conversation.parser_missing, conversation.TOOLS),
    cited(
        '`srt/server_args.py: _reasoning_parser_choices`; argparse ends the start with "invalid choice".',
        spec_conversation.parser_unknown,
        conversation.REASONING,
    ),
    cited(
        "`spec.engine.reasoning` would say nothing to the engine.",
        spec_conversation.parser_missing,
        conversation.REASONING,
    ),
    extra_arg_checks.experts_over_other_gpus,
    extra_arg_checks.attention_ranks,
    extra_arg_checks.attention_by_copies,
    extra_arg_checks.pool_below_context,
    extra_arg_checks.batch_no_multiple_of_pages,
    extra_arg_checks.priorities_upside_down,
    limits.unsupported_field,
)

OF_GPUS: Final[frozenset[RefusalCheck]] = frozenset(
    {bfloat16_needs_capability, weights_need_capability, cache_needs_blackwell}
)
"""Rules about a GPU's generation; `cpu.limits` has its own for processors."""


def of(setup: EngineSetup) -> tuple[RefusalCheck, ...]:
    """Return the rules for this hardware."""
    return tuple(check for check in REFUSAL_CHECKS if not (setup.on_cpu and check in OF_GPUS))
