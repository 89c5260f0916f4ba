"""What TensorRT-LLM allows but users should be warned about."""

from typing import Final

from fairlead.engines import spec_conversation, spec_warnings
from fairlead.engines.engine_setup import EngineSetup, WarningCheck, cited
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_speculation import FIELD as SPECULATION
from fairlead.engines.tensorrt_llm import conversation, formats, unknown_flags
from fairlead.engines.tensorrt_llm.checks import WEIGHTS
from fairlead.engines.tensorrt_llm.release import RELEASE, is_ours
from fairlead.fleet.accelerators import BLACKWELL
from fairlead.fleet.desired_state import SourceScheme, SpeculationMethod
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.quantization import WeightFormat


def other_release(setup: EngineSetup) -> SpecWarning | None:
    """These tables were read shortly before a release; later changes show only when the engine starts."""
    if is_ours(setup.engine.version):
        return None
    return _warning(
        "spec.engine.version",
        setup.engine.version,
        EngineReason.VERSION_NOT_KNOWN,
        f"Fairlead knows the keys, options and metrics of TensorRT-LLM {RELEASE}",
        f"use an image of {RELEASE}, or watch the first start and its metrics",
    )


def share_of_another_kind(setup: EngineSetup) -> SpecWarning | None:
    """`_torch/pyexecutor/_util.py`: the cache is this part of what is free after weights and a run without answers."""
    share = setup.engine.memory_utilization
    if share is None or not 0 < share < 1:
        return None
    return _warning(
        "spec.engine.memoryUtilization",
        f"{share:g}",
        EngineReason.RISKY,
        "in TensorRT-LLM it is the cache's share of what weights and working memory leave free, and not of the whole "
        "memory as in vLLM",
        "leave it out for the default of 0.9 of what is left",
    )


def context_reserved_for_answers(setup: EngineSetup) -> SpecWarning | None:
    """`scheduler_config.capacity_scheduler_policy`: GUARANTEED_NO_EVICT reserves room for prompt and longest answer."""
    if setup.engine.max_context_tokens is not None:
        return None
    return _warning(
        "spec.engine.context.maxTokens",
        "(not written)",
        EngineReason.SLOWER,
        "TensorRT-LLM admits a request once the cache has room for its longest answer, which is the rest of the "
        "context where a client sets no max_tokens: few requests run at once",
        "set maxTokens to the longest context that your clients need",
    )


def weights_of_an_unknown_checkpoint(setup: EngineSetup) -> SpecWarning | None:
    """`_torch/model_config.py` reads the format from the checkpoint; the field has no key."""
    wanted = setup.engine.weights
    if wanted is WeightFormat.NONE or setup.shape is not None:
        return None
    return _warning(
        WEIGHTS,
        wanted,
        EngineReason.RISKY,
        "TensorRT-LLM takes weights as the checkpoint has them, and this checkpoint's format is unknown",
        "remove it, or make sure that the checkpoint is stored this way",
    )


def four_bits_before_blackwell(setup: EngineSetup) -> SpecWarning | None:
    """NVIDIA's hardware table lists MXFP4 for Blackwell; the algorithm W4A16_MXFP4 needs less."""
    gpu = setup.accelerator
    if (
        setup.weights is not WeightFormat.MXFP4
        or gpu is None
        or not formats.WEIGHTS[WeightFormat.MXFP4].least <= gpu.capability < BLACKWELL
    ):
        return None
    return _warning(
        WEIGHTS,
        setup.weights,
        EngineReason.RISKY,
        f"NVIDIA lists MXFP4 for compute capability 10.0, and {gpu.product} has {gpu.capability}",
        "watch the first start, or take another format",
    )


def draft_not_pinned(setup: EngineSetup) -> SpecWarning | None:
    """`llmapi/llm_args.py: speculative_model` takes a name on the hub but no revision."""
    speculation = setup.engine.speculation
    draft = speculation.draft
    if speculation.method is SpeculationMethod.OFF or draft is None:
        return None
    if draft.scheme is not SourceScheme.HUB or draft.revision is None:
        return None
    return _warning(
        f"{SPECULATION}.draft.revision",
        draft.revision,
        EngineReason.RISKY,
        "TensorRT-LLM always downloads a draft's newest revision and ignores this one",
        "put that revision on a volume or in an image and name it by pvc:// or oci://",
    )


def adapters_of_one_kind(setup: EngineSetup) -> SpecWarning | None:
    """`llmapi/lora_helper.py` asserts a single lora_dir, and reads from it which matrices adapters may change."""
    adapters = setup.engine.adapters
    if len(adapters) < 2:
        return None
    return _warning(
        "spec.engine.adapters",
        ", ".join(one.name for one in adapters),
        EngineReason.RISKY,
        f"TensorRT-LLM reads from {adapters[0].name} which matrices adapters change, and refuses requests for one that "
        "changes others",
        "name first the adapter that changes the most matrices",
    )


def answers_in_a_schema_beside_adapters(setup: EngineSetup) -> SpecWarning | None:
    """NVIDIA's feature matrix: LoRA and guided decoding, "Untested"."""
    if not setup.engine.adapters:
        return None
    return _warning(
        "spec.engine.adapters",
        str(len(setup.engine.adapters)),
        EngineReason.RISKY,
        "NVIDIA has not tested structured outputs of requests for an adapter",
        "try them before clients use them",
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


WARNING_CHECKS: Final[tuple[WarningCheck, ...]] = (
    other_release,
    share_of_another_kind,
    context_reserved_for_answers,
    weights_of_an_unknown_checkpoint,
    four_bits_before_blackwell,
    draft_not_pinned,
    adapters_of_one_kind,
    answers_in_a_schema_beside_adapters,
    eager,
    spec_warnings.idle_gpus,
    spec_warnings.foreign_code,
    spec_warnings.token_without_hub,
    unknown_flags.unknown_flag,
    cited(
        "The lists were read in the repository and not in a release, which may have others.",
        spec_conversation.parser_doubtful,
        conversation.TOOLS,
    ),
    cited("The same of reasoning.", spec_conversation.parser_doubtful, conversation.REASONING),
)


def _warning(field: str, value: str, reason: EngineReason, because: str, remedy: str) -> SpecWarning:
    return SpecWarning(field=field, value=value, reason=reason, because=because, remedy=remedy)
