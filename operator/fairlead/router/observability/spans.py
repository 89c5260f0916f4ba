"""Sends traced requests to a collector: a bounded ring keeps them, and a thread builds spans and sends them.

A slow or failed collector fills the ring; what does not fit is dropped and counted, and no request waits. This module
does not use OpenTelemetry: `otlp` does, and is imported only if a collector is configured.
"""

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from fairlead.fleet.plurals import count
from fairlead.router.observability.request_record import RequestRecord

log = logging.getLogger(__name__)

MAX_HELD: Final = 2048
"""Four seconds of 10,000 requests a second of which one in twenty is recorded."""
MAX_AT_ONCE: Final = 32
"""Building and encoding this many takes 4 ms, and all of them are lost if the collector refuses them."""
EVERY_SECONDS: Final = 1.0
TURN_SECONDS: Final = 0.0005
"""How long a thread may keep the interpreter from the loop. Python's 5 ms would let one batch delay every stream."""


class SpanRingEntry(NamedTuple):
    """An ended request, and how far the wall clock was ahead of the loop's."""

    record: RequestRecord
    offset: float


class SpanExporter(Protocol):
    """Sends to the collector; may take seconds and is used by one thread only."""

    def export(self, batch: Sequence[SpanRingEntry]) -> bool:
        """Send a batch; whether it arrived."""

    def close(self) -> None:
        """Stop waiting; called from another thread."""


class ShortTurns:
    """The interpreter's switch interval, which belongs to the whole process: short from the first ring's thread to the
    last one's end. A ring that replaces another one starts before that one has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rings = 0
        self._before = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if self._rings == 0:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before, TURN_SECONDS))
            self._rings += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._rings -= 1
            if self._rings == 0:
                sys.setswitchinterval(self._before)


_SHORT_TURNS: Final = ShortTurns()


class SpanRing:
    """Belongs to one loop; only `_send` runs in the thread."""

    def __init__(
        self, made: Callable[[], SpanExporter], max_held: int = MAX_HELD, every: float = EVERY_SECONDS
    ) -> None:
        self.dropped = 0
        # Only the thread writes these two, only the loop reads them: no lock is needed.
        self._sent = 0
        self._failed = 0
        self._max_held = max_held
        self._every = every
        self._held: deque[SpanRingEntry] = deque()
        self._made = made
        self._exporter: SpanExporter | None = None
        self._ending = threading.Event()
        self._given_up = False
        self._well = True
        self._thread = threading.Thread(target=self._send, name="spans", daemon=True)
        self._thread.start()

    @property
    def outcomes(self) -> Mapping[str, int]:
        """Number of offered requests by result."""
        return {"sent": self._sent, "failed": self._failed, "dropped": self.dropped}

    def offer(self, record: RequestRecord, offset: float) -> None:
        """Add an ended request. A full ring drops the newest: other spans of older traces are already sent."""
        if len(self._held) >= self._max_held:
            self.dropped += 1
        else:
            self._held.append(SpanRingEntry(record, offset))

    def end(self) -> None:
        """Send what is in the ring, then end the thread."""
        self._ending.set()

    def close(self, seconds: float) -> None:
        """Send what is in the ring; what the collector does not accept in time is lost."""
        self.end()
        self._thread.join(seconds)
        self._given_up = True
        if self._exporter is not None:
            self._exporter.close()

    def _send(self) -> None:
        """Run the thread. It also imports the exporter, which takes a tenth of a second."""
        with _SHORT_TURNS:
            try:
                exporter = self._exporter = self._made()
            except ValueError as problem:
                log.warning("no spans are sent: the address of the collector cannot be used: %s", problem)
            else:
                while not self._ending.wait(self._every):
                    self._send_all(exporter)
                self._send_all(exporter)

    def _send_all(self, exporter: SpanExporter) -> None:
        while self._held and not self._given_up:
            batch = [self._held.popleft() for _ in range(min(len(self._held), MAX_AT_ONCE))]
            arrived = exporter.export(batch)
            if arrived:
                self._sent += len(batch)
            else:
                self._failed += len(batch)
            if arrived is not self._well:
                self._well = arrived
                self._log_change()

    def _log_change(self) -> None:
        """Log each change once: a collector that is down for a day is one line, not one a second."""
        if self._well:
            log.info("spans reach the collector again; %s lost meanwhile", count(self._failed + self.dropped, "trace"))
        else:
            log.warning("spans do not reach the collector: they are dropped and counted; check the collector")


class SpanDestination(NamedTuple):
    """Where spans go, and the resource that sends them."""

    endpoint: str
    """OTLP over HTTP: http://collector:4318; a path replaces `/v1/traces`."""
    instance: str
    """This router's pod."""
    namespace: str = ""
    version: str = ""
