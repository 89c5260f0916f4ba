"""Extra arguments and settings with which vLLM 0.32 starts, but not as their author expects."""

from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup, RefusalCheck, WarningCheck
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_speculation import FIELD as SPECULATION
from fairlead.engines.vllm import checks, memory, release
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecWarning


def switch_with_ranks(setup: EngineSetup) -> SpecWarning | None:
    """Mirrors "Disabling num_speculative_tokens_per_batch_size": data-parallel ranks must draft the same number."""
    speculation, ranks = setup.engine.speculation, setup.revision.parallelism.data
    if speculation.method is SpeculationMethod.OFF or speculation.max_concurrency is None or ranks <= 1:
        return None
    return SpecWarning(
        field=f"{SPECULATION}.maxConcurrency",
        value=str(speculation.max_concurrency),
        reason=EngineReason.SLOWER,
        because=f"vLLM {release.RELEASE} ignores it with spec.parallelism.data of 2 or more, and drafts at every load",
        remedy="remove it, or write 1 as spec.parallelism.data and more replicas",
    )


def share_beside_a_cache(setup: EngineSetup) -> SpecWarning | None:
    """Mirrors `gpu_worker.py: determine_available_memory`, which returns the argument and measures nothing."""
    share = setup.engine.memory_utilization
    if share is None or memory.cache_bytes(setup) is None:
        return None
    return SpecWarning(
        field="spec.engine.memoryUtilization",
        value=f"{share:g}",
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because=f"{memory.CACHE} in spec.engine.extraArgs sets the size of the KV cache, whatever this share",
        remedy="remove it, or the argument",
    )


def no_tokenizer(setup: EngineSetup) -> SpecWarning | None:
    """Mirrors "Tokenizer not available when `skip_tokenizer_init=True`", the reply to each request with text."""
    return _warned(
        setup,
        "--skip-tokenizer-init",
        "without a tokenizer every chat and every prompt that is text fails; only lists of token ids are answered",
        "remove it",
    )


def token_in_arguments(setup: EngineSetup) -> SpecWarning | None:
    """The hub's token, in the text of a pod."""
    return _warned(
        setup,
        "--hf-token",
        "arguments are readable by everyone who may see pods",
        "remove it and set spec.model.tokenSecret, which keeps the token out of the pod's text",
    )


def _warned(setup: EngineSetup, flag: str, because: str, remedy: str) -> SpecWarning | None:
    if not setup.gives(flag):
        return None
    return SpecWarning(field=extra_args.FIELD, value=flag, reason=EngineReason.RISKY, because=because, remedy=remedy)


def _elsewhere(check: RefusalCheck) -> WarningCheck:
    """Warn of what ends a start of this release, where another one, an image of one's own or the emulator may run."""

    def warned(setup: EngineSetup) -> SpecWarning | None:
        found = None if release.is_certain(setup.engine) else check(setup)
        if found is None:
            return None
        return SpecWarning(
            field=found.field, value=found.value, reason=found.reason, because=found.because, remedy=found.remedy
        )

    warned.__module__, warned.__name__, warned.__doc__ = check.__module__, check.__name__, check.__doc__
    return warned


ELSEWHERE: Final[tuple[WarningCheck, ...]] = tuple(map(_elsewhere, checks.OF_RELEASE))
