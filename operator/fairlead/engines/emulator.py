"""The emulator as an engine: vLLM's command, HTTP surface and metrics, with a timing model instead of a GPU.

It follows vLLM's rules and takes vLLM's own command, so that what a user tries without a GPU is what runs with one;
only the product and number of the GPUs whose speed it emulates are passed beside that command.
"""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import environment
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.engines.vllm.release import DEFAULT
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.engine_launch import EngineLaunch

CHECK: Final = "--check"
"""The emulator ends after it checked its configuration; emulators of older releases do not know this flag."""
USER: Final = 65532
"""The user of the operator's own image."""


class EmulatorEngine(VllmEngine):
    """vLLM without the weights: what it is refused, has as blocks and reports as metrics is vLLM's."""

    kind = EngineKind.SIMULATED
    release = EngineRelease(version=DEFAULT.version, image=f"fairlead:{DEFAULT.version}")
    is_fairleads = True
    check_unsupported = f"arguments: {CHECK}"

    def launch(self, setup: EngineSetup, pace: LifecycleParameters) -> EngineLaunch:
        """vLLM's command after `--`; it opens no weights, so it needs no token, no mount and no cache."""
        real = super().launch(setup, pace)
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
