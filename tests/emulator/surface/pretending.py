"""A fake engine for the surface's tests: it emits tokens on command, or as fast as the loop turns."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiohttp
from aiohttp import web

from fairlead.emulator import dialects
from fairlead.emulator.serve_arguments import ResponseArguments, ServeArguments
from fairlead.emulator.surface.engine_interface import LoadGauges, RankLoad, RequestObservation
from fairlead.emulator.surface.jobs import EngineJob, EngineRefusal, JobEnding, JobListener, SequenceTimes

NOON: Final = 1_795_176_000
CHAT: Final = ServeArguments(
    model="org/model", names=("chat", "alias"), adapters=(("de", "org/de"),), context_tokens=1024
)
TOOLS: Final = ResponseArguments(auto_tool_choice=True, tool_parser="hermes")


class Run:
    """An accepted job."""

    def __init__(self, job: EngineJob, listener: JobListener) -> None:
        self.job = job
        self.listener = listener
        self.outs = [0] * len(job.sequences)
        self.cancelled = False
        self.cached_tokens = [16] * len(job.sequences)
        self.times = SequenceTimes(queued=1.0, scheduled=1.5, first_token=2.0, last_token=3.0)

    def cancel(self) -> None:
        self.cancelled = True

    def step(self, tokens: int = 1) -> bool:
        """Emit this many tokens for each sequence; whether any are left."""
        for index, sequence in enumerate(self.job.sequences):
            left = len(sequence.reply_ids) - self.outs[index]
            if left and not self.cancelled:
                new = min(tokens, left)
                self.outs[index] += new
                self.listener.on_tokens(index, new, sequence.finish if new == left else None)
        return not self.cancelled and any(
            len(sequence.reply_ids) > out for sequence, out in zip(self.job.sequences, self.outs, strict=True)
        )


@dataclass
class PretendDriver:
    """Accepts every job unless set to refuse; runs by itself unless set to wait."""

    refuses: EngineRefusal | None = None
    refuses_late: EngineRefusal | None = None
    by_hand: bool = False
    tokens: int = 1
    lag_seconds: float = 0.0
    runs: list[Run] = field(default_factory=list)

    def refusal(self, sequences: int) -> EngineRefusal | None:
        return self.refuses if sequences else None

    def submit(self, job: EngineJob, listener: JobListener) -> Run | EngineRefusal:
        if self.refuses_late is not None:
            return self.refuses_late
        run = Run(job, listener)
        self.runs.append(run)
        if not self.by_hand:
            asyncio.get_running_loop().call_soon(self._turn, run)
        return run

    def _turn(self, run: Run) -> None:
        if run.step(self.tokens):
            asyncio.get_running_loop().call_soon(self._turn, run)

    async def taken(self, count: int = 1) -> Run:
        """Wait for this many jobs; returns the last one."""
        while len(self.runs) < count:
            await asyncio.sleep(0.001)
        return self.runs[-1]


@dataclass
class PretendActs:
    """Records its orders."""

    alive: bool = True
    hung: bool = False
    responsive: bool = True
    draining: bool = False
    load: int = 0
    sleeping: bool = False
    paused: bool = False
    faults_open: bool = False
    refused_adapter: str | None = None
    done: list[tuple[Any, ...]] = field(default_factory=list)
    seen: list[RequestObservation] = field(default_factory=list)

    def metrics(self) -> str:
        return "vllm:num_requests_running 0.0\n"

    def iterations(self) -> Sequence[Mapping[str, Any]]:
        return [{"iter": 1}]

    def gauges(self) -> LoadGauges:
        return LoadGauges(kv_usage=0.25, waiting=3)

    def rank_loads(self) -> Sequence[RankLoad]:
        return [RankLoad(running=3, waiting=2, usage=0.25)]

    def kv_event_sources(self) -> Mapping[str, Any]:
        return {"0": {"endpoint": "tcp://127.0.0.1:5557"}}

    def add_adapter(self, name: str, path: str) -> str | None:
        self.done.append(("add", name, path))
        return self.refused_adapter

    def remove_adapter(self, name: str) -> None:
        self.done.append(("remove", name))

    async def sleep(self, level: int, mode: str) -> None:
        self.sleeping = True
        self.done.append(("sleep", level, mode))

    async def wake(self, tags: Sequence[str] | None) -> bool:
        self.done.append(("wake", tags))
        self.sleeping = tags is not None
        return tags is None

    async def pause(self, mode: str) -> None:
        self.paused = True
        self.done.append(("pause", mode))

    async def resume(self) -> None:
        self.paused = False

    def reset_prefix_cache(self, *, reset_running: bool) -> bool:
        self.done.append(("reset", reset_running))
        return True

    def abort_requests(self, request_ids: Sequence[str]) -> int:
        self.done.append(("abort", tuple(request_ids)))
        return 2

    def change_fault(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        if "fault" not in document:
            raise ValueError("fault: missing; write one")
        return document

    def observed(self, observation: RequestObservation) -> None:
        self.seen.append(observation)


class Endpoint:
    """One server on a real socket, and its client."""

    def __init__(self, serve_arguments: ServeArguments, driver: PretendDriver, acts: PretendActs) -> None:
        self.serve_arguments = serve_arguments
        self.driver = driver
        self.acts = acts
        self.url = ""
        self.session: aiohttp.ClientSession = None  # type: ignore[assignment]

    async def post(self, path: str, body: object, **headers: str) -> tuple[int, Any]:
        """POST; returns the status, and the JSON or the text."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        kind = {} if "Content-Type" in named else {"Content-Type": "application/json"}
        async with self.session.post(self.url + path, data=raw, headers=kind | named) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text and answer.content_type == "application/json" else text

    async def send(self, path: str, method: str = "GET") -> tuple[int, Any]:
        async with self.session.request(method, self.url + path) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text and answer.content_type == "application/json" else text

    async def events(self, path: str, body: Mapping[str, Any]) -> list[Any]:
        """The JSON of each event of a stream; the closing mark as text."""
        status, text = await self.post(path, {**body, "stream": True})
        assert status == 200, text
        lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]


@asynccontextmanager
async def serving(
    serve_arguments: ServeArguments = CHAT, driver: PretendDriver | None = None, acts: PretendActs | None = None
) -> AsyncIterator[Endpoint]:
    """Run a server during the block."""
    endpoint = Endpoint(serve_arguments, driver or PretendDriver(), acts or PretendActs())
    application = dialects.of(serve_arguments).application(
        serve_arguments, endpoint.driver, endpoint.acts, lambda: float(NOON)
    )
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as endpoint.session:
        try:
            yield endpoint
        finally:
            await runner.cleanup()


def answering(**switches: object) -> ServeArguments:
    """The usual model with some switches set."""
    return replace(CHAT, answering=replace(TOOLS, **switches))  # type: ignore[arg-type]


def ends(run: Run, ending: JobEnding) -> None:
    """Have the engine end a job whose client still waits."""
    run.listener.on_end(ending)


def run_story(story: Coroutine[Any, Any, None]) -> None:
    """Run a test to its end; one that hangs fails."""

    async def within() -> None:
        async with asyncio.timeout(10):
            await story

    asyncio.run(within())
