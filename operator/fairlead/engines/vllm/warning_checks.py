"""What vLLM 0.32 allows but users should be warned about."""

from typing import Final

from fairlead.engines import spec_conversation, spec_warnings
from fairlead.engines.engine_setup import EngineSetup, WarningCheck, cited
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_speculation import FIELD as SPECULATION
from fairlead.engines.vllm import (
    argument_warnings,
    captured_steps,
    conversation,
    flag_values,
    formats,
    limits,
    speculation,
    unknown_flags,
    weights,
)
from fairlead.engines.vllm.cpu import warning_checks as cpu_warnings
from fairlead.engines.vllm.extra_arg_checks import ALLOCATOR, EXPANDABLE
from fairlead.engines.vllm.release import RELEASE, is_older, is_ours
from fairlead.fleet import draft_cost
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.plurals import count
from fairlead.fleet.quantization import WeightFormat

FULL_SHARE: Final = 0.95


def other_release(setup: EngineSetup) -> SpecWarning | None:
    """These tables were read in one release; later changes show only when the engine starts."""
    if is_ours(setup.engine.version):
        return None
    return _warning(
        "spec.engine.version",
        setup.engine.version,
        EngineReason.VERSION_NOT_KNOWN,
        f"Fairlead knows the flags and limits of vLLM {RELEASE}",
        f"use an image of {RELEASE}, or watch the first start",
    )


def draft_without_graphs(setup: EngineSetup) -> SpecWarning | None:
    """Read in its V2 model runner ("CUDA graph not yet supported for standalone AR speculator"), and measured."""
    speculation, shape = setup.engine.speculation, setup.draft_shape
    if speculation.method is not SpeculationMethod.DRAFT_MODEL:
        return None
    layers = shape.layers if shape else draft_cost.USUAL_LAYERS
    longer_ms = 1e3 * speculation.tokens * layers * draft_cost.LAYER_LAUNCH_S
    return _warning(
        f"{SPECULATION}.method",
        speculation.method,
        EngineReason.SLOWER,
        f"vLLM {RELEASE} runs a draft model without CUDA graphs: {count(speculation.tokens, 'token')} of "
        f"{count(layers, 'layer')} take about {longer_ms:.0f} ms of each step",
        "write eagle3 or mtp where the model has one, or ngram; or try it first with `fairlead simulate`",
    )


def speculation_across_pipeline(setup: EngineSetup) -> SpecWarning | None:
    """Speculation with pipeline parallelism is generally not refused, but seldom used."""
    method = setup.engine.speculation.method
    if method is SpeculationMethod.OFF or setup.revision.parallelism.pipeline <= 1:
        return None
    return _warning(
        f"{SPECULATION}.method",
        method,
        EngineReason.RISKY,
        "vLLM starts with it and pipeline parallelism, but some models and drafts then fail",
        "use spec.parallelism.tensor instead, or try it before traffic comes",
    )


def switch_never_reached(setup: EngineSetup) -> SpecWarning | None:
    """The batch never exceeds its limit, so a switch above it has no effect."""
    most, sequences = setup.engine.speculation.max_concurrency, setup.engine.max_sequences
    if most is None or sequences is None or most < sequences:
        return None
    return _warning(
        f"{SPECULATION}.maxConcurrency",
        str(most),
        EngineReason.SLOWER,
        f"a replica never runs more than {count(sequences, 'request')} at once, so speculation is never switched off",
        f"write less than {sequences}, or remove it",
    )


def arithmetic_in_sixteen_bits(setup: EngineSetup) -> SpecWarning | None:
    """Below 8.9 FP8 weights run as Marlin W8A16; below 10.0 NVFP4 runs as W4A16."""
    row, gpu = formats.WEIGHTS.get(setup.weights), setup.accelerator
    if row is None or row.native is None or gpu is None or gpu.capability >= row.native:
        return None
    return _warning(
        weights.FIELD,
        setup.weights,
        EngineReason.SLOWER,
        f"{gpu.product} has no arithmetic for it (that begins at {row.native}): "
        "memory is saved, and long prompts are no faster",
        "expect faster generation, not faster prompts",
    )


def deprecated_fp8(setup: EngineSetup) -> SpecWarning | None:
    """`fp8` on an unquantized checkpoint is a deprecated alias of `fp8_per_tensor`."""
    plain = setup.shape is not None and setup.shape.stored.format is WeightFormat.NONE
    if setup.engine.weights is not WeightFormat.FP8 or not plain:
        return None
    return _warning(
        weights.FIELD,
        WeightFormat.FP8,
        EngineReason.RISKY,
        "on an unquantized checkpoint this is a deprecated name, which a later vLLM will drop",
        f"write {WeightFormat.FP8_PER_TENSOR}",
    )


def eager(setup: EngineSetup) -> SpecWarning | None:
    """Without compilation and graphs, every step launches its kernels one by one."""
    if not setup.engine.eager:
        return None
    return _warning(
        "spec.engine.eager",
        "true",
        EngineReason.SLOWER,
        "it saves a minute or so at start and costs time in every step",
        "remove it; compiled graphs are kept in spec.storage.cache between starts",
    )


def almost_all_memory(setup: EngineSetup) -> SpecWarning | None:
    """Above 0.95 the driver, NCCL and fragmentation have next to nothing left."""
    share = setup.engine.memory_utilization
    if share is None or not FULL_SHARE < share <= 1:
        return None
    return _warning(
        "spec.engine.memoryUtilization",
        f"{share:g}",
        EngineReason.RISKY,
        "almost no memory is left for the driver, communication and fragmentation",
        f"write {FULL_SHARE} or less",
    )


def dense_data_parallel(setup: EngineSetup) -> SpecWarning | None:
    """Data parallelism pays off for experts; dense engines are better run as separate replicas."""
    degree = setup.revision.parallelism.data
    if degree <= 1 or setup.shape is None or setup.shape.experts is not None:
        return None
    return _warning(
        "spec.parallelism.data",
        str(degree),
        EngineReason.SLOWER,
        "without experts these are independent engines behind one address: they start, end and fail together, "
        "and the router cannot choose between their caches",
        f"write 1, and {degree} times the replicas",
    )


def events_of_nothing(setup: EngineSetup) -> SpecWarning | None:
    """KV events without prefix caching: vLLM warns and sends none."""
    if setup.engine.prefix_caching or not setup.gives("--kv-events-config"):
        return None
    return _warning(
        "spec.engine.prefixCaching.enabled",
        "false",
        EngineReason.RISKY,
        "--kv-events-config reports changes of the prefix cache, and there is none",
        "write true, or remove the argument",
    )


def sleep_without_the_pool(setup: EngineSetup) -> SpecWarning | None:
    """Sleep mode has its own allocator, which failed at startup if segments were configured to be expandable; 0.32
    switches that off for its pool."""
    allocator = setup.variable(ALLOCATOR) or ""
    if not setup.engine.sleeps or EXPANDABLE not in allocator or not is_older(setup.engine.version):
        return None
    return _warning(
        "spec.engine.env",
        f"{ALLOCATOR}={allocator}",
        EngineReason.RISKY,
        "before 0.32, sleep mode takes memory from a pool of its own, which may not work with expandable segments",
        f"remove {EXPANDABLE}, or spec.engine.sleep",
    )


WARNING_CHECKS: Final[tuple[WarningCheck, ...]] = (
    other_release,
    draft_without_graphs,
    captured_steps.shorter_than_a_full_batch,
    captured_steps.of_graphs_switched_off,
    speculation_across_pipeline,
    switch_never_reached,
    argument_warnings.switch_with_ranks,
    speculation.too_many_draft_tokens,
    arithmetic_in_sixteen_bits,
    deprecated_fp8,
    spec_warnings.coarse_cache,
    eager,
    almost_all_memory,
    argument_warnings.share_beside_a_cache,
    spec_warnings.idle_gpus,
    dense_data_parallel,
    cited(
        "`VLLM_ALLOW_LONG_MAX_MODEL_LEN=1` turns the refusal off, not the model's limit.",
        spec_warnings.context_beyond_the_model,
        limits.LONGER_ALLOWED,
    ),
    spec_warnings.foreign_code,
    cited(
        "Its guide to security: without `--allowed-media-domains` requests may name any address.",
        spec_warnings.media_from_anywhere,
    ),
    spec_warnings.token_without_hub,
    cited("`--lora-modules` takes a repository's name and no revision.", spec_warnings.adapter_not_pinned, "vLLM"),
    events_of_nothing,
    sleep_without_the_pool,
    argument_warnings.no_tokenizer,
    argument_warnings.token_in_arguments,
    unknown_flags.unknown_flag,
    flag_values.doubtful_value,
    *argument_warnings.ELSEWHERE,
    cited(
        "The list of another release, or of an image of one's own, may have more parsers.",
        spec_conversation.parser_doubtful,
        conversation.TOOLS,
    ),
    cited("The same of reasoning.", spec_conversation.parser_doubtful, conversation.REASONING),
)

_OF_GPUS: Final[frozenset[WarningCheck]] = frozenset(
    {
        draft_without_graphs,
        captured_steps.shorter_than_a_full_batch,
        captured_steps.of_graphs_switched_off,
        arithmetic_in_sixteen_bits,
        eager,
        almost_all_memory,
        spec_warnings.idle_gpus,
    }
)
"""About arithmetic, graphs and counts of GPUs, and about scheduling that does not occur on a processor."""


def of(setup: EngineSetup) -> tuple[WarningCheck, ...]:
    """Return the warnings for this hardware."""
    if not setup.on_cpu:
        return WARNING_CHECKS
    return (*(check for check in WARNING_CHECKS if check not in _OF_GPUS), *cpu_warnings.WARNING_CHECKS)


def _warning(field: str, value: str, reason: EngineReason, because: str, remedy: str) -> SpecWarning:
    return SpecWarning(field=field, value=value, reason=reason, because=because, remedy=remedy)
