"""Streams that are opened one by one, so that a test decides how many each replica carries."""

import asyncio
import itertools
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self

from tests.node.operator_stage import Pages
from tests.node.streams import Question, Report, StreamResult, client, report, stream_once
from tests.waiting import eventually

TOKENS: Final = 300
"""Twelve seconds: a scale-down is decided, reported and settled while they run."""


class LongStreams:
    """Long answers through one router, which reports how many each replica carries."""

    def __init__(self, address: str, pages: Pages) -> None:
        self._pages = pages
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="long streams", daemon=True)
        self._client = client(address)
        self._numbers = itertools.count()
        self._open: list[tuple[str, Future[StreamResult]]] = []
        self.report: Report = report([])

    def __enter__(self) -> Self:
        """Opens no stream yet."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Reads every stream to its end."""
        try:
            self.report = report([future.result(timeout=60) for _, future in self._open])
        finally:
            asyncio.run_coroutine_threadsafe(self._client.close(), self._loop).result(timeout=10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def carry(self, wanted: dict[str, int]) -> None:
        """Have each replica carry this many. A router picks the idlest, so more are opened and some closed again."""
        while any(self._carried(pod) < count for pod, count in wanted.items()):
            self._open_one()
        for pod, count in wanted.items():
            for _ in range(self._carried(pod) - count):
                self._leave_one(pod)
        eventually(lambda: self._pages.inflight() == wanted, f"replicas carry {wanted}")

    def _carried(self, pod: str) -> int:
        return sum(one == pod for one, _ in self._open)

    def _open_one(self) -> None:
        """Open one; the replica whose load grew has taken it."""
        before = self._pages.inflight()
        question = Question(number=next(self._numbers), tokens=TOKENS, streams=True)
        began = threading.Event()
        future = asyncio.run_coroutine_threadsafe(stream_once(self._client, question, began.set), self._loop)
        assert began.wait(timeout=20), f"question {question.number} got no first token"
        (pod,) = (name for name, count in self._pages.inflight().items() if count > before[name])
        self._open.append((pod, future))

    def _leave_one(self, pod: str) -> None:
        """Disconnect one in the middle."""
        place = next(place for place, (one, _) in enumerate(self._open) if one == pod)
        self._open.pop(place)[1].cancel()
