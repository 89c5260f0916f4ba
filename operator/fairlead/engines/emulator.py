"""An emulated engine: the command, HTTP surface and metrics of a real kind, with a timing model instead of a GPU.

It follows that kind's rules and takes its command unchanged, so that what a user tries without a GPU is what runs with
one. Only the product and number of the emulated GPUs are passed beside that command.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fairlead.engines import extra_args, spec_host_memory
from fairlead.engines.engine import EngineDescription, LoadReader
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.extra_args import FlagRule
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import environment as sglang_environment
from fairlead.engines.sglang.engine import SglangEngine
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.tensorrt_llm import flags as tensorrt_flags
from fairlead.engines.tensorrt_llm.engine import TensorRtEngine
from fairlead.engines.vllm import adapters, environment
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.engine_launch import EngineLaunch, EnvVar
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.engine_memory import EngineMemory, MemorySettings
from fairlead.fleet.findings import SpecRefusal, SpecWarning

COMMAND: Final = "engine"
"""Fairlead's subcommand that emulates an engine."""
BEFORE_REAL: Final = "--"
"""The word between the emulator's own arguments and the real command."""
CHECK: Final = "--check"
"""Makes the emulator exit after checking its configuration; older releases do not have this flag."""
USER: Final = 65532
"""The user of the operator's own image."""
_REMEDY: Final = f"leave it out, or write engine.kind: {EngineKind.SGLANG}"
_TENSORRT_REMEDY: Final = f"leave it out, or write engine.kind: {EngineKind.TENSORRT_LLM}"
NOT_IN_SGLANG: Final = (
    FlagRule(
        flags=("--kv-events-config", "--enable-lmcache", "--enable-flexkv"),
        reason=EngineReason.NOT_YET_IN_ENGINE,
        because="the simulated SGLang publishes no events of its cache and has no other programs below it",
        remedy=_REMEDY,
    ),
    FlagRule(
        flags=("--enable-hierarchical-cache", "--enable-hicache"),
        reason=EngineReason.NOT_YET_IN_ENGINE,
        because="the simulated SGLang does not size main memory by ratios and writes to no storage below it",
        remedy=f"write {spec_host_memory.FIELD} instead",
    ),
    FlagRule(
        flags=(
            *("--stream-response-default-include-usage", "--incremental-streaming-output", "--stream-interval"),
            *("--tool-server", "--enable-response-store"),
        ),
        reason=EngineReason.NOT_YET_IN_ENGINE,
        because="the simulated SGLang answers as without it, and clients would see the difference",
        remedy=_REMEDY,
    ),
)
NOT_IN_TENSORRT_LLM: Final = (
    FlagRule(
        flags=("--set",),
        reason=EngineReason.NOT_YET_IN_ENGINE,
        because="the simulated TensorRT-LLM acts on the keys of typed fields alone",
        remedy=_TENSORRT_REMEDY,
    ),
    FlagRule(
        flags=("--enable_attention_dp", "--max_beam_width"),
        reason=EngineReason.NOT_YET_IN_ENGINE,
        because="the simulated TensorRT-LLM schedules and sizes as without it",
        remedy=_TENSORRT_REMEDY,
    ),
    FlagRule(
        flags=(
            *("--allow_request_chat_template", "--custom_tokenizer", "--generation-config", "--media_io_kwargs"),
            *("--otlp_traces_endpoint", "--post_processor_hook", "--video_pruning_rate", "--agent_types"),
            "--agent_percentage",
        ),
        reason=EngineReason.NOT_YET_IN_ENGINE,
        because="the simulated TensorRT-LLM answers as without it, and clients would see the difference",
        remedy=_TENSORRT_REMEDY,
    ),
)
"""As TensorRT-LLM's parser spells them."""


class EmulatorEngine:
    """A real kind without the weights: refusals, blocks and metrics are those of that kind."""

    is_fairleads = True
    check_unsupported = f"arguments: {CHECK}"
    sweep = None
    """Its step times come from sweeps of the real one."""

    def __init__(
        self,
        kind: EngineKind,
        description: EngineDescription,
        variables: Callable[[EngineSetup], tuple[EnvVar, ...]],
        not_emulated: tuple[FlagRule, ...] = (),
    ) -> None:
        self.kind = kind
        self.release = EngineRelease(
            version=description.release.version, image=f"fairlead:{description.release.version}"
        )
        self.is_played = description.is_played
        self.program = description.program
        self.api = description.api
        self.draft_cost = description.draft_cost
        self.failures = description.failures
        self.names = description.names
        self._description = description
        self._variables = variables
        self._not_emulated = not_emulated

    def refusals(self, setup: EngineSetup) -> tuple[SpecRefusal, ...]:
        """Return the real engine's refusals, and what the emulation lacks."""
        return (
            *self._description.refusals(setup),
            *extra_args.refusals(setup.engine.extra_args, self._not_emulated),
        )

    def warnings(self, setup: EngineSetup) -> tuple[SpecWarning, ...]:
        """Return the real engine's warnings."""
        return self._description.warnings(setup)

    def launch(self, setup: EngineSetup, lifecycle: LifecycleParameters) -> EngineLaunch:
        """Return the real command after `--`; it opens no weights, so it needs no token, mount or cache."""
        real = self._description.launch(setup, lifecycle)
        revision = setup.revision
        rest = ("--product", revision.product, "--gpus", str(revision.gpus_per_replica), BEFORE_REAL, *real.command)
        return replace(
            real,
            command=("fairlead", COMMAND, *rest),
            check=("fairlead", COMMAND, CHECK, *rest),
            environment=self._variables(setup),
            mounts=(),
            cache_path=None,
            shared_memory_bytes=0,
            offloaded_bytes=0,
            host_cache_bytes=0,
            user=USER,
            keeps_entrypoint=True,
        )

    def memory(self, version: str) -> EngineMemory:
        """Return the real engine's use of GPU memory."""
        return self._description.memory(version)

    def memory_settings(self, setup: EngineSetup) -> MemorySettings:
        """Read memory settings beyond the typed fields."""
        return self._description.memory_settings(setup)

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """Parse one page of its metrics."""
        return self._description.load(text)

    def reader(self) -> LoadReader:
        """Return a reader for one pod."""
        return self._description.reader()


def _vllm_variables(setup: EngineSetup) -> tuple[EnvVar, ...]:
    engine = setup.engine
    return (*environment.development(engine), *adapters.updating(engine), *environment.users(engine))


def _sglang_variables(setup: EngineSetup) -> tuple[EnvVar, ...]:
    return (*sglang_environment.priorities(setup), *environment.users(setup.engine))


def _tensorrt_variables(setup: EngineSetup) -> tuple[EnvVar, ...]:
    return environment.users(setup.engine)


VLLM: Final = EmulatorEngine(EngineKind.SIMULATED, VllmEngine(), _vllm_variables)
SGLANG: Final = EmulatorEngine(
    EngineKind.SIMULATED_SGLANG, SglangEngine(), _sglang_variables, not_emulated=NOT_IN_SGLANG
)
TENSORRT_LLM: Final = EmulatorEngine(
    EngineKind.SIMULATED_TENSORRT_LLM,
    TensorRtEngine(),
    _tensorrt_variables,
    not_emulated=tuple(tensorrt_flags.folded(rule) for rule in NOT_IN_TENSORRT_LLM),
)
