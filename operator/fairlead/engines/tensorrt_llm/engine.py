"""TensorRT-LLM's `trtllm-serve` as an implementation of the engine interface."""

from typing import Final

from fairlead.engines import engine_setup as setups
from fairlead.engines import extra_args, extra_variables, field_limits, spec_conversation, weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.tensorrt_llm import (
    checks,
    environment,
    flags,
    lifecycle,
    limits,
    memory,
    metrics,
    options,
    reserved_variables,
    unknown_flags,
    warning_checks,
)
from fairlead.engines.tensorrt_llm.failures import FAILURES
from fairlead.engines.tensorrt_llm.field_keys import COMMAND
from fairlead.engines.tensorrt_llm.http_api import API
from fairlead.engines.tensorrt_llm.metrics import TensorRtLoadReader
from fairlead.engines.tensorrt_llm.release import DEFAULT
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.draft_cost import DraftCost
from fairlead.fleet.engine_launch import EngineLaunch, EnginePort
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.engine_memory import EngineMemory, MemorySettings
from fairlead.fleet.findings import SpecRefusal, SpecWarning

_GIB: Final = 1 << 30


class TensorRtEngine:
    """The TensorRT-LLM engine."""

    kind = EngineKind.TENSORRT_LLM
    release = DEFAULT
    is_fairleads = False
    is_played = False
    program = "trtllm-serve"
    api = API
    check_unsupported = ""
    draft_cost = DraftCost()
    failures = FAILURES
    names = metrics.NAMES
    sweep = None

    def refusals(self, setup: EngineSetup) -> tuple[SpecRefusal, ...]:
        """Return what TensorRT-LLM cannot do, what would keep it from starting, and what would break what we rely
        on."""
        return (
            *field_limits.refusals(setup, limits.LIMITS),
            *setups.refusals(setup, checks.REFUSAL_CHECKS),
            *extra_args.refusals(setup.engine.extra_args, flags.RULES),
            *unknown_flags.refusals(setup),
            *extra_variables.refusals(setup, reserved_variables.VARIABLES),
        )

    def warnings(self, setup: EngineSetup) -> tuple[SpecWarning, ...]:
        """Warn of what is allowed but has a cost."""
        return setups.warnings_of(setup, warning_checks.WARNING_CHECKS)

    def launch(self, setup: EngineSetup, pace: LifecycleParameters) -> EngineLaunch:
        """Describe start, probes and end. It has no check without a GPU: its first step counts GPUs."""
        return EngineLaunch(
            command=_command(setup),
            environment=environment.variables(setup),
            ports=(EnginePort(name=lifecycle.PORT_NAME, number=API.port),),
            probes=lifecycle.probes(lifecycle.budget_seconds(pace, setup)),
            shutdown=lifecycle.shutdown(pace),
            mounts=weight_paths.mounts(setup.revision),
            files=spec_conversation.files(setup),
            options=options.file(setup),
            cache_path=weight_paths.CACHE,
            shared_memory_bytes=_GIB * max(1, setup.revision.parallelism.gpus),
            host_cache_bytes=self.memory_settings(setup).host_cache.replica_bytes,
            user=lifecycle.USER,
        )

    def memory(self, version: str) -> EngineMemory:  # noqa: ARG002 - one release only
        """Return its GPU memory use."""
        return memory.MEMORY

    def memory_settings(self, setup: EngineSetup) -> MemorySettings:
        """Read memory settings from extra arguments."""
        return memory.settings(setup)

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """Parse one page of its metrics."""
        return metrics.load(text)

    def reader(self) -> TensorRtLoadReader:
        """Return a reader for one pod; it keeps nothing between pages."""
        return TensorRtLoadReader()


def _command(setup: EngineSetup) -> tuple[str, ...]:
    """The default address is localhost, which no probe reaches."""
    return (
        "trtllm-serve",
        weight_paths.path_to_open(setup.revision.model.source, weight_paths.MODEL),
        *("--host", "0.0.0.0"),  # noqa: S104 - a pod's address is not known before it runs
        *("--port", str(API.port)),
        *("--config", options.PATH),
        *(argument for row in COMMAND for argument in row.write(setup)),
        *setup.engine.extra_args,
    )
