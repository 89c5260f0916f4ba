"""vLLM 0.32 as an implementation of the engine interface."""

from typing import Final

from fairlead.engines import engine_setup as setups
from fairlead.engines import spec_conversation, weight_offload, weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.fast_load_reader import FastLoadReader
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import (
    abbreviations,
    adapters,
    arguments,
    checks,
    environment,
    flag_values,
    lifecycle,
    memory,
    metrics,
    preflight,
    speculation,
    unknown_flags,
    user_overrides,
    warning_checks,
)
from fairlead.engines.vllm.cpu import limits, settings
from fairlead.engines.vllm.failures import FAILURES
from fairlead.engines.vllm.http_api import API
from fairlead.engines.vllm.release import DEFAULT
from fairlead.engines.vllm.sweep import VllmSweep
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_launch import EngineLaunch, EnginePort
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.engine_memory import EngineMemory, MemorySettings
from fairlead.fleet.findings import SpecRefusal, SpecWarning

_GIB: Final = 1 << 30


class VllmEngine:
    """The vLLM engine, which is the default."""

    kind = EngineKind.VLLM
    release = DEFAULT
    is_fairleads = False
    is_played = True
    program = "vllm"
    api = API
    check_unsupported = ""
    draft_cost = speculation.COST
    failures = FAILURES
    names = metrics.NAMES
    sweep = VllmSweep()

    def refusals(self, setup: EngineSetup) -> tuple[SpecRefusal, ...]:
        """Return what would keep vLLM from starting, or break what routers, probes and the autoscaler rely on."""
        whole = abbreviations.completed(setup)
        return (
            *(limits.refusals(whole) if setup.on_cpu else ()),
            *setups.refusals(whole, checks.of(setup)),
            *user_overrides.arguments(setup),
            *unknown_flags.refusals(setup),
            *flag_values.refusals(setup),
            *user_overrides.variables(setup),
        )

    def warnings(self, setup: EngineSetup) -> tuple[SpecWarning, ...]:
        """Warn of what is allowed but has a cost."""
        return setups.warnings_of(abbreviations.completed(setup), warning_checks.of(setup))

    def launch(self, setup: EngineSetup, pace: LifecycleParameters) -> EngineLaunch:
        """Describe start, probes and end."""
        budget = lifecycle.budget_seconds(pace, setup)
        command, kept = arguments.command(setup, pace.drain_seconds), self.memory_settings(setup)
        return EngineLaunch(
            command=command,
            environment=environment.variables(setup.revision, budget, settings.environment(setup)),
            ports=(EnginePort(name=lifecycle.PORT_NAME, number=API.port),),
            probes=lifecycle.probes(budget),
            shutdown=lifecycle.shutdown(pace),
            mounts=weight_paths.mounts(setup.revision),
            files=spec_conversation.files(setup),
            staged=adapters.staged(setup.engine, API.port),
            cache_path=weight_paths.CACHE,
            shared_memory_bytes=_GIB * max(1, setup.revision.parallelism.gpus) + kept.host_cache.replica_bytes,
            offloaded_bytes=weight_offload.replica_bytes(setup, kept.offload),
            host_cache_bytes=kept.host_cache.replica_bytes,
            check=preflight.command(command),
            user=lifecycle.USER,
        )

    def memory(self, version: str) -> EngineMemory:
        """Return the GPU memory use of this release."""
        return memory.VllmRelease.read(version)

    def memory_settings(self, setup: EngineSetup) -> MemorySettings:
        """Read memory settings from extra arguments."""
        return memory.settings(abbreviations.completed(setup))

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """Parse one page of its metrics."""
        return metrics.load(text)

    def reader(self) -> FastLoadReader:
        """Its pages are large, so only the wanted families are read."""
        return FastLoadReader(metrics.FAMILY_INDEX)
