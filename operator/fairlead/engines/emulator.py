"""The emulator as an engine: vLLM's command, HTTP surface and metrics, with a timing model instead of a GPU.

It follows vLLM's rules and takes vLLM's own command, so that what a user tries without a GPU is what runs with one;
only the product and number of the GPUs whose speed it emulates are passed beside that command.
"""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.fast_load_reader import FastLoadReader
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import environment, metrics
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.engines.vllm.failures import FAILURES
from fairlead.engines.vllm.http_api import API
from fairlead.engines.vllm.release import DEFAULT
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.engine_launch import EngineLaunch
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.engine_memory import EngineMemory, MemorySettings
from fairlead.fleet.findings import SpecRefusal, SpecWarning

CHECK: Final = "--check"
"""The emulator ends after it checked its configuration; emulators of older releases do not know this flag."""
USER: Final = 65532
"""The user of the operator's own image."""


class EmulatorEngine:
    """vLLM without the weights."""

    kind = EngineKind.SIMULATED
    release = EngineRelease(version=DEFAULT.version, image=f"fairlead:{DEFAULT.version}")
    is_fairleads = True
    api = API
    check_unsupported = f"arguments: {CHECK}"
    failures = FAILURES
    names = metrics.SCALING_NAMES

    def __init__(self) -> None:
        self._vllm = VllmEngine()

    def refusals(self, setup: EngineSetup) -> tuple[SpecRefusal, ...]:
        """What vLLM would refuse."""
        return self._vllm.refusals(setup)

    def warnings(self, setup: EngineSetup) -> tuple[SpecWarning, ...]:
        """The warnings for vLLM."""
        return self._vllm.warnings(setup)

    def launch(self, setup: EngineSetup, pace: LifecycleParameters) -> EngineLaunch:
        """vLLM's command after `--`; it opens no weights, so it needs no token, no mount and no cache."""
        real = self._vllm.launch(setup, pace)
        wanted = setup.wanted
        rest = ("--product", wanted.product, "--gpus", str(wanted.gpus_per_replica), "--", *real.command)
        return replace(
            real,
            command=("fairlead", "engine", *rest),
            check=("fairlead", "engine", CHECK, *rest),
            environment=(*environment.development(wanted.engine), *environment.users(wanted.engine)),
            mounts=(),
            cache_path=None,
            shared_memory_bytes=0,
            user=USER,
            keeps_entrypoint=True,
        )

    def memory(self, version: str) -> EngineMemory:
        """It has as many blocks as vLLM would."""
        return self._vllm.memory(version)

    def memory_settings(self, setup: EngineSetup) -> MemorySettings:
        """As vLLM's."""
        return self._vllm.memory_settings(setup)

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """Its metrics have vLLM's names."""
        return self._vllm.load(text)

    def reader(self) -> FastLoadReader:
        """Its metrics pages are laid out as vLLM's."""
        return self._vllm.reader()
