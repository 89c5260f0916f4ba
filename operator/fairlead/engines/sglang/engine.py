"""SGLang 0.5.23 as an implementation of the engine interface."""

from typing import Final

from fairlead.engines import engine_setup as setups
from fairlead.engines import extra_args, extra_variables, field_limits, spec_conversation, weight_offload, weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang import (
    abbreviations,
    arguments,
    checks,
    environment,
    flags,
    lifecycle,
    limits,
    memory,
    metrics,
    preflight,
    reserved_variables,
    speculation,
    unknown_flags,
    warning_checks,
)
from fairlead.engines.sglang.cpu import limits as cpu_limits
from fairlead.engines.sglang.cpu import overrides
from fairlead.engines.sglang.failures import FAILURES
from fairlead.engines.sglang.http_api import API
from fairlead.engines.sglang.metrics import SglangLoadReader
from fairlead.engines.sglang.release import DEFAULT
from fairlead.engines.sglang.sweep import SglangSweep
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_launch import EngineLaunch, EnginePort
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.engine_memory import EngineMemory, MemorySettings
from fairlead.fleet.findings import SpecRefusal, SpecWarning

_GIB: Final = 1 << 30


class SglangEngine:
    """The SGLang engine."""

    kind = EngineKind.SGLANG
    release = DEFAULT
    is_fairleads = False
    is_played = False
    program = "sglang"
    api = API
    check_unsupported = ""
    draft_cost = speculation.COST
    failures = FAILURES
    names = metrics.NAMES
    sweep = SglangSweep()

    def refusals(self, setup: EngineSetup) -> tuple[SpecRefusal, ...]:
        """Return what SGLang cannot do, what would keep it from starting or hang it, and what would break what we rely
        on."""
        on_cpu, whole = setup.on_cpu, abbreviations.completed(setup)
        rules = (*flags.RULES, *overrides.FLAG_RULES) if on_cpu else flags.RULES
        owned = {**reserved_variables.VARIABLES, **overrides.VARIABLES} if on_cpu else reserved_variables.VARIABLES
        return (
            *(cpu_limits.refusals(setup) if on_cpu else ()),
            *field_limits.refusals(setup, limits.LIMITS),
            *setups.refusals(whole, checks.of(setup)),
            *extra_args.refusals(setup.engine.extra_args, (*rules, *flags.yielding(setup.engine))),
            *unknown_flags.refusals(setup),
            *extra_variables.refusals(setup, owned),
        )

    def warnings(self, setup: EngineSetup) -> tuple[SpecWarning, ...]:
        """Warn of what is allowed but has a cost."""
        return setups.warnings_of(abbreviations.completed(setup), warning_checks.of(setup))

    def launch(self, setup: EngineSetup, pace: LifecycleParameters) -> EngineLaunch:
        """Describe start, probes and end."""
        command, kept = arguments.command(abbreviations.completed(setup)), self.memory_settings(setup)
        return EngineLaunch(
            command=command,
            environment=environment.variables(setup),
            ports=(EnginePort(name=lifecycle.PORT_NAME, number=API.port),),
            probes=lifecycle.probes(lifecycle.budget_seconds(pace, setup)),
            shutdown=lifecycle.shutdown(pace),
            mounts=weight_paths.mounts(setup.revision),
            files=spec_conversation.files(setup),
            cache_path=weight_paths.CACHE,
            shared_memory_bytes=_GIB * max(1, setup.revision.parallelism.gpus),
            offloaded_bytes=weight_offload.replica_bytes(setup, kept.offload),
            host_cache_bytes=kept.host_cache.replica_bytes,
            check=preflight.command(command),
            user=lifecycle.USER,
        )

    def memory(self, version: str) -> EngineMemory:  # noqa: ARG002 - one release only
        """Return its GPU memory use."""
        return memory.MEMORY

    def memory_settings(self, setup: EngineSetup) -> MemorySettings:
        """Read memory settings from extra arguments."""
        return memory.settings(abbreviations.completed(setup))

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """Parse one page of its metrics."""
        return metrics.load(text)

    def reader(self) -> SglangLoadReader:
        """Return a reader for one pod; it keeps nothing between pages."""
        return SglangLoadReader()
