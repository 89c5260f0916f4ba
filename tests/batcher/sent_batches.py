"""A batch run inside the test's own event loop, and an address whose answers the test decides."""

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from fairlead.batcher import batch_endpoint
from fairlead.batcher.batch_endpoint import BatchAddress, BatchEndpoint
from fairlead.batcher.output_file import FailureFile, OutputFile
from fairlead.batcher.run import BatchRun, RunLimits
from fairlead.batching import batch_check, batch_requests
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.custom_ids import CustomIds
from fairlead.batching.run_tally import RunEnd, RunTally

NOON: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)


def lines(number: int, **body: object) -> list[bytes]:
    """Lines of a file with this many chats, each with a prompt of its own."""
    return [
        json.dumps(
            {
                "custom_id": f"r-{one}",
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {"model": "chat", "messages": [{"role": "user", "content": f"number {one}"}], "max_tokens": 3}
                | body,
            }
        ).encode()
        for one in range(number)
    ]


@dataclass(slots=True)
class SentBatch:
    """A run, and what it wrote."""

    folder: Path
    url: str = ""
    concurrency: int = 8
    give_up_after_s: float = 60.0
    grace_s: float = 5.0
    time_out_s: float = 5.0
    key: str = ""
    proxy: str | None = None
    warnings: list[str] = field(default_factory=list)
    tally: RunTally = field(default_factory=lambda: RunTally(requests=0))
    detail: str = ""
    begun: Callable[[BatchRun], object] | None = None
    """Gets the run when it begins."""

    @property
    def output(self) -> Path:
        return self.folder / "out.jsonl"

    @property
    def errors(self) -> Path:
        return self.folder / "errors.jsonl"

    async def run(self, given: Iterable[bytes]) -> RunEnd:
        """Send what the output has no answer to."""
        numbered = list(enumerate(given, start=1))
        ids = CustomIds()
        with OutputFile(self.output) as output:
            output.read_answers(ids)
            contents = batch_check.check(numbered, ids)
            assert contents.problems == []
            output.mend()
            self.tally = RunTally(requests=contents.requests, before=contents.answered)
            async with batch_endpoint.opened() as session:
                address = BatchAddress(url=self.url, key=self.key, proxy=self.proxy, time_out_s=self.time_out_s)
                with FailureFile(self.errors) as failures:
                    made = BatchRun(
                        read=lambda: _unanswered(numbered, ids),
                        endpoint=BatchEndpoint(session, address, now=lambda: NOON),
                        output=output,
                        failures=failures,
                        limits=RunLimits(
                            concurrency=self.concurrency, give_up_after_s=self.give_up_after_s, grace_s=self.grace_s
                        ),
                        tally=self.tally,
                        random=random.Random(7),  # noqa: S311 -- spreads retries
                        warn=self.warnings.append,
                    )
                    if self.begun is not None:
                        self.begun(made)
                    end = await made.run()
                    self.detail = made.detail
                    return end

    @property
    def answers(self) -> dict[str, Any]:
        """The lines of the output, by custom_id; none is there twice."""
        return _by_name(self.output)

    @property
    def failed(self) -> dict[str, Any]:
        """The lines of the errors, by custom_id."""
        return _by_name(self.errors) if self.errors.exists() else {}


def _unanswered(numbered: Iterable[tuple[int, bytes]], ids: CustomIds) -> Iterator[BatchRequest | None]:
    for number, text in numbered:
        found = batch_requests.read(text, number)
        assert isinstance(found, BatchRequest)
        yield None if ids.is_answered(found.custom_id) else found


def _by_name(path: Path) -> dict[str, Any]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    names = Counter(one["custom_id"] for one in found)
    assert set(names.values()) <= {1}
    return {one["custom_id"]: one for one in found}


Scripted = Callable[[int], "tuple[int, object, dict[str, str]] | None"]


@dataclass(slots=True)
class ScriptedAddress:
    """An address that answers each request as the test says; None closes the connection."""

    script: Scripted
    seen: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    held: dict[int, asyncio.Event] = field(default_factory=dict)
    """The requests, by their number, that are answered only when the test says so."""
    max_at_once: int = 0
    url: str = ""
    _running: int = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["ScriptedAddress"]:
        application = web.Application()
        application.router.add_post("/{rest:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._running += 1
        self.max_at_once = max(self.max_at_once, self._running)
        try:
            self.seen.append(await request.json())
            self.headers.append(dict(request.headers))
            number = len(self.seen)
            found = self.script(number)
            await asyncio.sleep(0.001)
            if number in self.held:
                await self.held[number].wait()
            if found is None:
                with contextlib.suppress(AttributeError):
                    request.transport.close()  # type: ignore[union-attr]  # it may be closed already
                return web.Response()
            status, body, headers = found
            return web.Response(status=status, text=json.dumps(body), headers=headers)
        finally:
            self._running -= 1
