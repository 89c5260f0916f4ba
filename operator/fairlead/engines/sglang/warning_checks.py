"""What SGLang 0.5.23 allows but users should be warned about."""

from typing import Final

from fairlead.engines import cache_format, spec_conversation, spec_warnings
from fairlead.engines.engine_setup import EngineSetup, WarningCheck, cited
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import checks, conversation, extra_arg_checks, unknown_flags
from fairlead.engines.sglang.cpu import warning_checks as cpu_warnings
from fairlead.engines.sglang.memory import MEMORY, SPECULATING
from fairlead.engines.sglang.release import RELEASE, is_ours
from fairlead.engines.spec_speculation import FIELD as SPECULATION
from fairlead.fleet.accelerators import ADA
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.quantization import KvFormat

_EIGHT_BITS: Final = frozenset({KvFormat.FP8, KvFormat.FP8_E4M3})


def other_release(setup: EngineSetup) -> SpecWarning | None:
    """These tables were read in one release; later changes show only when the engine starts."""
    if is_ours(setup.engine.version):
        return None
    return _warning(
        "spec.engine.version",
        setup.engine.version,
        EngineReason.VERSION_NOT_KNOWN,
        f"Fairlead knows the flags and limits of SGLang {RELEASE}",
        f"use an image of {RELEASE}, or watch the first start",
    )


def answers_pause_for_prompts(setup: EngineSetup) -> SpecWarning | None:
    """`srt/managers/scheduler.py`: prompts and answers have separate steps, and prompts come first."""
    batched = setup.engine.max_batched_tokens
    if batched is None:
        return None
    return _warning(
        "spec.engine.batching.maxBatchedTokens",
        str(batched),
        EngineReason.SLOWER,
        "SGLang computes prompts and answers in steps of their own, and it limits prompt tokens only: running answers "
        "pause while prompts arrive",
        "write less for shorter pauses, or add --enable-mixed-chunk",
    )


def share_of_another_kind(setup: EngineSetup) -> SpecWarning | None:
    """`srt/arg_groups/memory_hook.py`: a share that is set does not adapt to batches, and the rest is not measured."""
    share = setup.engine.memory_utilization
    if share is None or not 0 < share < 1:
        return None
    return _warning(
        "spec.engine.memoryUtilization",
        f"{share:g}",
        EngineReason.RISKY,
        "in SGLang it is the share of weights and cache alone: if the rest is too small for activations and graphs, "
        "the engine fails under load, not at its start",
        "leave it out, which lets SGLang decide by the GPU and the batch",
    )


def few_requests_with_speculation(setup: EngineSetup) -> SpecWarning | None:
    """`srt/arg_groups/speculative_hook.py`: "Max running requests is reset to 48 for speculative decoding"."""
    method = setup.engine.speculation.method
    if method is SpeculationMethod.OFF or setup.engine.max_sequences is not None:
        return None
    return _warning(
        f"{SPECULATION}.method",
        method,
        EngineReason.SLOWER,
        f"with speculation SGLang by default runs at most {SPECULATING} requests at once",
        "write spec.engine.batching.maxSequences",
    )


def room_for_a_context(setup: EngineSetup) -> SpecWarning | None:
    """`srt/managers/tp_worker.py` only warns if the cache is smaller than the context, and then a run hung."""
    is_compared = setup.gives(extra_arg_checks.POOL) and setup.context_tokens is not None
    if setup.shape is not None or is_compared:
        return None
    return _warning(
        "spec.engine.context.maxTokens",
        str(setup.engine.max_context_tokens or "(not written)"),
        EngineReason.RISKY,
        "whether the cache holds one request of this length is unknown; SGLang starts all the same, and a prompt that "
        "does not fit blocks all requests behind it",
        "set spec.model.shape, and write the longest context you need",
    )


def pools_apart(setup: EngineSetup) -> SpecWarning | None:
    """`srt/arg_groups/fields/schedule.py`: swa_full_tokens_ratio and mamba_full_memory_ratio divide the cache."""
    shape = setup.shape
    if shape is None or (shape.window is None and shape.recurrent is None):
        return None
    return _warning(
        "spec.model.source",
        shape.name,
        EngineReason.RISKY,
        "SGLang divides the cache of a model with windows or recurrent layers by fixed ratios, and the fit counts as "
        "vLLM does: it may hold fewer requests",
        "leave room, and compare with the tokens that it reports once started",
    )


def eight_bit_cache(setup: EngineSetup) -> SpecWarning | None:
    """`srt/arg_groups/fields/model.py` takes it on every GPU; its attention backends do not mention older ones."""
    gpu, found = setup.accelerator, cache_format.in_force(setup, MEMORY)
    if found not in _EIGHT_BITS or gpu is None or gpu.capability >= ADA:
        return None
    has_own = cache_format.of_auto(setup, MEMORY) is not KvFormat.AUTO
    what = f"the checkpoint's cache is {found}, but " if setup.engine.kv is KvFormat.AUTO else ""
    return _warning(
        "spec.engine.quantization.kvCache",
        setup.engine.kv,
        EngineReason.RISKY,
        f"{what}{gpu.product} has no FP8 arithmetic, and FP8 was not tested there",
        f"write {'bfloat16' if has_own else 'fp8E5M2 or auto'}, or watch the first start",
    )


def eager(setup: EngineSetup) -> SpecWarning | None:
    """Without graphs, every step launches its kernels one by one."""
    if not setup.engine.eager:
        return None
    return _warning(
        "spec.engine.eager",
        "true",
        EngineReason.SLOWER,
        "it saves the capture of graphs at start and costs time in every step",
        "remove it",
    )


def dense_data_parallel(setup: EngineSetup) -> SpecWarning | None:
    """`--dp-size` starts complete copies of the model behind one address."""
    degree = setup.revision.parallelism.data
    if degree <= 1:
        return None
    return _warning(
        "spec.parallelism.data",
        str(degree),
        EngineReason.SLOWER,
        "in SGLang these are independent copies behind one address: they start, end and fail together, and the router "
        "cannot choose between their caches",
        f"write 1, and {degree} times the replicas; for experts add --attn-dp-size",
    )


WARNING_CHECKS: Final[tuple[WarningCheck, ...]] = (
    other_release,
    answers_pause_for_prompts,
    share_of_another_kind,
    few_requests_with_speculation,
    room_for_a_context,
    pools_apart,
    eight_bit_cache,
    spec_warnings.coarse_cache,
    eager,
    spec_warnings.idle_gpus,
    dense_data_parallel,
    cited(
        "The variable turns the refusal off, not the model's limit.",
        spec_warnings.context_beyond_the_model,
        checks.LONGER_ALLOWED,
    ),
    spec_warnings.foreign_code,
    cited(
        "Its parser has the same argument; which addresses it refuses was not tried.", spec_warnings.media_from_anywhere
    ),
    spec_warnings.token_without_hub,
    cited(
        "`srt/lora/lora_config.py` downloads an adapter's newest revision.", spec_warnings.adapter_not_pinned, "SGLang"
    ),
    unknown_flags.unknown_flag,
    cited(
        "The list of another release, or of an image of one's own, may have more parsers.",
        spec_conversation.parser_doubtful,
        conversation.TOOLS,
    ),
    cited("The same of reasoning.", spec_conversation.parser_doubtful, conversation.REASONING),
)

_OF_GPUS: Final[frozenset[WarningCheck]] = frozenset({eight_bit_cache, eager, spec_warnings.idle_gpus})
"""About arithmetic, graphs and counts of GPUs."""


def of(setup: EngineSetup) -> tuple[WarningCheck, ...]:
    """Return the warnings for this hardware."""
    if not setup.on_cpu:
        return WARNING_CHECKS
    return (*(check for check in WARNING_CHECKS if check not in _OF_GPUS), *cpu_warnings.WARNING_CHECKS)


def _warning(field: str, value: str, reason: EngineReason, because: str, remedy: str) -> SpecWarning:
    return SpecWarning(field=field, value=value, reason=reason, because=because, remedy=remedy)
