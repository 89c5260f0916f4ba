"""vLLM 0.32 behind the door all engines share."""

from typing import Final

from fairlead.engines import asked as asking
from fairlead.engines import places
from fairlead.engines.asked import Asked
from fairlead.engines.skimming import Skimmer
from fairlead.engines.start import Pace
from fairlead.engines.vllm import (
    arguments,
    conversation,
    environment,
    flag_values,
    given,
    lifecycle,
    metrics,
    start_check,
    unknown,
)
from fairlead.engines.vllm.adapters import SLOTS
from fairlead.engines.vllm.checks import CHECKS
from fairlead.engines.vllm.doubts import DOUBTS
from fairlead.fleet.launch import Launch, Port
from fairlead.fleet.load import EngineLoad, Unreadable
from fairlead.fleet.refusals import Caution, Refusal
from fairlead.fleet.wanted import EngineKind

_GIB: Final = 1 << 30


class Vllm:
    """The engine people mean when they say nothing."""

    kind = EngineKind.VLLM
    adapter_slots = SLOTS
    names = metrics.DECIDING

    def refusals(self, asked: Asked) -> tuple[Refusal, ...]:
        """All that vLLM would end its start with, and all that would break what we rely on."""
        return (
            *asking.refusals(asked, CHECKS),
            *given.arguments(asked),
            *unknown.refusals(asked),
            *flag_values.refusals(asked),
            *given.variables(asked),
        )

    def cautions(self, asked: Asked) -> tuple[Caution, ...]:
        """What is allowed and costs something."""
        return asking.cautions(asked, DOUBTS)

    def launch(self, asked: Asked, pace: Pace) -> Launch:
        """How it is started, watched and ended."""
        budget = lifecycle.budget_seconds(pace, eager=asked.engine.eager)
        command = arguments.command(asked, pace.drain_seconds)
        return Launch(
            command=command,
            environment=environment.variables(asked.wanted, budget),
            ports=(Port(name=lifecycle.PORT_NAME, number=arguments.PORT),),
            probes=lifecycle.probes(budget),
            shutdown=lifecycle.shutdown(pace),
            mounts=places.mounts(asked.wanted),
            files=conversation.files(asked),
            cache_path=places.CACHE,
            shared_memory_bytes=_GIB * max(1, asked.wanted.parallelism.gpus),
            check=start_check.command(command),
        )

    def load(self, text: str) -> EngineLoad | Unreadable:
        """One page of its metrics as facts."""
        return metrics.load(text)

    def reader(self) -> Skimmer:
        """Its pages are large: they are skimmed."""
        return Skimmer(metrics.WORDING)
