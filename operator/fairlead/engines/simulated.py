"""The simulated engine: vLLM to its neighbours, a timing model inside, no GPU.

It is held to vLLM's rules and handed vLLM's own command, so that what a person tries without a GPU is what runs
with one; only the accelerator whose speed it pretends is told beside it.
"""

from dataclasses import replace
from typing import Final

from fairlead.engines.asked import Asked
from fairlead.engines.skimming import Skimmer
from fairlead.engines.start import Pace
from fairlead.engines.vllm import environment, metrics
from fairlead.engines.vllm.adapters import SLOTS
from fairlead.engines.vllm.engine import Vllm
from fairlead.fleet.launch import Launch
from fairlead.fleet.load import EngineLoad, Unreadable
from fairlead.fleet.refusals import Caution, Refusal
from fairlead.fleet.wanted import EngineKind

CHECK: Final = "--check"
"""Ends it after its configuration; an older release of it does not know the word."""


class Simulated:
    """vLLM without the weights."""

    kind = EngineKind.SIMULATED
    adapter_slots = SLOTS
    names = metrics.DECIDING

    def __init__(self) -> None:
        self._vllm = Vllm()

    def refusals(self, asked: Asked) -> tuple[Refusal, ...]:
        """What vLLM would refuse."""
        return self._vllm.refusals(asked)

    def cautions(self, asked: Asked) -> tuple[Caution, ...]:
        """What vLLM would be warned of."""
        return self._vllm.cautions(asked)

    def launch(self, asked: Asked, pace: Pace) -> Launch:
        """vLLM's command after `--`; it opens no weights, so it needs no token, no mount and no cache."""
        real = self._vllm.launch(asked, pace)
        wanted = asked.wanted
        rest = ("--product", wanted.product, "--gpus", str(wanted.gpus_per_replica), "--", *real.command)
        return replace(
            real,
            command=("fairlead", "engine", *rest),
            check=("fairlead", "engine", CHECK, *rest),
            environment=(*environment.development(wanted.engine), *environment.users(wanted.engine)),
            mounts=(),
            cache_path=None,
            shared_memory_bytes=0,
        )

    def load(self, text: str) -> EngineLoad | Unreadable:
        """It tells its metrics under vLLM's names."""
        return self._vllm.load(text)

    def reader(self) -> Skimmer:
        """Its pages are vLLM's."""
        return self._vllm.reader()
