"""Live engines and their clients on virtual time."""

import asyncio
from itertools import count
from typing import Any, Final

from fairlead.emulator import packaged_data
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.fixed_step_times import FixedStepTimes
from fairlead.emulator.engine.live_engine import EngineClocks, LiveEngine
from fairlead.emulator.engine.provision import EmulatedMachine, EngineProvision
from fairlead.emulator.surface.jobs import EngineJob, JobEnding, JobSequence
from fairlead.emulator.vllm import command
from tests.virtual_time import now

NOON: Final = 1_795_176_000.0
PACKAGED: Final = packaged_data.load()
L4: Final = EmulatedMachine("NVIDIA-L4", 4)
LLAMA: Final = "meta-llama/Llama-3.1-8B-Instruct"
PACED: Final = EmulationKnobs(pace=FixedStepTimes(first_token_seconds=0.2, token_seconds=0.1))


def provided(*flags: str, knobs: EmulationKnobs = PACED, machine: EmulatedMachine = L4) -> EngineProvision:
    """An engine of Llama 8B on L4s, with these flags."""
    serve_arguments = command.read(
        ["vllm", "serve", LLAMA, "--served-model-name", "chat", "--max-model-len", "8192", *flags]
    )
    return provision.provide(serve_arguments, machine, knobs, PACKAGED)


def engine(*flags: str, knobs: EmulationKnobs = PACED) -> LiveEngine:
    """The same, live."""
    return LiveEngine(provided(*flags, knobs=knobs), knobs, EngineClocks(steady=now, day=lambda: NOON + now()))


def sequence(prompt: int = 100, reply: int = 5, *, start: int = 0, adapter: str | None = None) -> JobSequence:
    """This many tokens in and out; the same `start` means the same text."""
    return JobSequence(
        prompt_ids=range(start, start + prompt),
        reply_ids=range(50_000 + start, 50_000 + start + reply),
        finish="stop",
        max_tokens=reply,
        adapter=adapter,
    )


_NUMBERS: Final = count()


class Client:
    """A client, and what it received: the time, the sequence, how many tokens, how it finished."""

    def __init__(self, live: LiveEngine, *sequences: JobSequence, request_id: str = "", **document: Any) -> None:  # noqa: ANN401
        self.received: list[tuple[float, int, int, str | None]] = []
        self.ending: JobEnding | None = None
        self._over = asyncio.Event()
        self.sent_at = now()
        job = EngineJob(
            request_id=request_id or f"{next(_NUMBERS):08x}", sequences=sequences or (sequence(),), **document
        )
        self._left = len(job.sequences)
        self.feed = live.driver.submit(job, self)

    def on_tokens(self, index: int, count: int, finish: str | None) -> None:
        self.received.append((now(), index, count, finish))
        self._left -= finish is not None
        if not self._left:
            self._over.set()

    def on_end(self, ending: JobEnding) -> None:
        self.ending = ending
        self._over.set()

    async def answered(self) -> "Client":
        """Wait for the end."""
        await self._over.wait()
        return self

    @property
    def tokens(self) -> int:
        """All tokens received."""
        return sum(count for _, _, count, _ in self.received)

    @property
    def times(self) -> list[float]:
        """When tokens came, since the request."""
        return [round(moment - self.sent_at, 9) for moment, _, _, _ in self.received]

    def cancel(self) -> None:
        """Disconnect."""
        self.feed.cancel()  # type: ignore[union-attr]
