"""The engine's operations other than generation: sleep, wake, pause, cache reset, adapters, and its state."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import count
from typing import Any, Final

from fairlead.emulator import faults as ordering
from fairlead.emulator.engine.engine_client import LiveEngineClient
from fairlead.emulator.engine.metrics.faulty_exposition import FaultyExposition
from fairlead.emulator.engine.metrics.page import EnginePage
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface.engine_interface import LoadGauges, RankLoad, RequestObservation
from fairlead.simulator.engine.steps import PauseMode

_WAIT: Final = "wait"
_ABORT: Final = "abort"
_ALL_TAGS: Final = frozenset({"weights", "kv_cache"})


class LiveEngineControl:
    """The control operations of one server."""

    def __init__(
        self,
        serve_arguments: ServeArguments,
        client: LiveEngineClient,
        page: EnginePage,
        *,
        faults_open: bool,
        wake_seconds: float = 0.0,
    ) -> None:
        self._serve_arguments = serve_arguments
        self._client = client
        self._page = page
        self._spoiled = FaultyExposition(page, client.faults)
        self._asleep: frozenset[str] = frozenset()
        self._wake_seconds = wake_seconds
        self._paused = False
        self._numbers = count(1)
        self.adapter_numbers: dict[str, int] = {}
        self.faults_open = faults_open
        for name, path in serve_arguments.adapters:
            self.add_adapter(name, path)

    @property
    def alive(self) -> bool:
        """Whether the engine process behind the API server is alive."""
        return not self._client.dead

    @property
    def responsive(self) -> bool:
        """Whether a request would get a token now."""
        silent = self._client.faults.shows(EngineFault.NO_TOKENS) or any(rank.stuck for rank in self._client.ranks)
        return not (silent or self.paused or self._client.dead)

    @property
    def draining(self) -> bool:
        """Whether it has been asked to end."""
        return self._client.draining

    @property
    def hung(self) -> bool:
        """Whether the fault `hang` is in force: no request gets a response."""
        return self._client.faults.shows(EngineFault.HANG)

    @property
    def load(self) -> int:
        """Requests in flight; vLLM reports 0 without `--enable-server-load-tracking`."""
        return self._client.inside if self._serve_arguments.answering.load_tracking else 0

    @property
    def sleeping(self) -> bool:
        """Whether weights or KV cache are asleep."""
        return bool(self._asleep)

    @property
    def paused(self) -> bool:
        """Whether generation is stopped, by a pause or by sleep."""
        return self._paused or self.sleeping

    def metrics(self) -> str:
        """The exposition that a scrape gets, with the fault in force applied."""
        return self._spoiled.text()

    def iterations(self) -> Sequence[Mapping[str, Any]]:
        """Return statistics of steps not yet read, from all ranks."""
        return [one for rank in self._client.ranks for one in rank.tally.taken()]

    def gauges(self) -> LoadGauges:
        """Return KV cache usage and queue depth as of the last step, over all ranks."""
        gauges = [rank.tally.gauges for rank in self._client.ranks]
        usage = sum(one.usage for one in gauges) / len(gauges)
        return LoadGauges(usage, float(sum(one.waiting for one in gauges)))

    def rank_loads(self) -> Sequence[RankLoad]:
        """Return what each rank does as of its last step."""
        gauges = (rank.tally.gauges for rank in self._client.ranks)
        return [RankLoad(one.running, one.waiting, one.usage) for one in gauges]

    def kv_event_sources(self) -> Mapping[str, Any]:
        """Return the publisher's configuration by rank; empty if no KV events are published."""
        return {
            str(number): asdict(rank.event_sink.publisher.config)
            for number, rank in enumerate(self._client.ranks)
            if rank.event_sink is not None
        }

    def add_adapter(self, name: str, path: str) -> str | None:
        """Each load gets a new adapter number, as in vLLM's KV events."""
        self._client.paths[name] = path
        self.adapter_numbers[name] = next(self._numbers)
        return None

    def remove_adapter(self, name: str) -> None:
        """Forget an adapter; requests in flight with it continue."""
        self._client.paths.pop(name, None)

    async def sleep(self, level: int, mode: str) -> None:
        """Abort, await or keep requests in flight, by `mode`; then weights leave the GPU, and the KV cache is lost."""
        await self._quieten(mode)
        if level > 0:
            self._asleep = _ALL_TAGS
            self._page.sleep_level = min(level, 2)
        await self._stand_still()
        self.reset_prefix_cache(reset_running=False)

    async def wake(self, tags: Sequence[str] | None) -> bool:
        """Bring back weights or cache, which takes `wake_seconds`; generation resumes when both are back."""
        if self._asleep:
            await asyncio.sleep(self._wake_seconds)
        self._asleep -= _ALL_TAGS if tags is None else frozenset(tags)
        if self._asleep:
            return False
        self._page.sleep_level = 0
        await self.resume()
        return True

    async def pause(self, mode: str) -> None:
        """Stop generating like `sleep`, but keep weights and KV cache."""
        await self._quieten(mode)
        self._paused = True
        await self._stand_still()

    async def resume(self) -> None:
        """Resume generation; queued requests are scheduled."""
        self._paused = False
        self._pause_all(PauseMode.NONE)
        for rank in self._client.ranks:
            rank.wake()

    def reset_prefix_cache(self, *, reset_running: bool) -> bool:
        """Empty every rank's prefix cache; return whether all could. Running requests are never restarted for it."""
        del reset_running
        return all(tuple(rank.core.reset_prefix_cache() for rank in self._client.ranks))

    def abort_requests(self, request_ids: Sequence[str]) -> int:
        """Abort the named requests, or all of them if none is named."""
        return self._client.abort(request_ids)

    def change_fault(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Inject another fault; a fault that shows only at a start is accepted and has no effect."""
        faults = self._client.faults
        faults.change(ordering.order_from_body(body, faults.order))
        return faults.order.json_object

    def observed(self, observation: RequestObservation) -> None:
        """Count one HTTP request that got its response."""
        self._page.observed(observation)

    async def _quieten(self, mode: str) -> None:
        if mode == _ABORT:
            self._client.abort(())
        elif mode == _WAIT:
            self._pause_all(PauseMode.NEW)
            await self._client.wait_for_running()

    async def _stand_still(self) -> None:
        self._pause_all(PauseMode.ALL)
        for rank in self._client.ranks:
            await rank.rests()

    def _pause_all(self, pause: PauseMode) -> None:
        for rank in self._client.ranks:
            rank.core.pause(pause)
