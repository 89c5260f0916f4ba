"""How a router leaves without failing a request: unready at once, closed to new connections later, ended last.

A node learns from the API server that a router is leaving, and a busy one learns it late: until then it sends new
connections here. So the port stays open until no request has come for some seconds. Each response meanwhile asks its
client to close its connection; the next one leads to another router.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from fairlead.fleet.plurals import count, verb
from fairlead.process.exit_signals import ExitSignals
from fairlead.router.router import Router

log = logging.getLogger(__name__)

GOODBYE_SECONDS: Final = 1.0
"""How long connections may take to close that have nothing left to send."""
LAST_BYTES_SECONDS: Final = 10.0
"""The last output may still be buffered for slow clients; the pod's grace period has 15 s for this and the exit."""
POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainPace:
    """How long a router accepts connections after SIGTERM."""

    linger_seconds: float = 3.0
    """Until no request has come for so long: then all nodes send new connections elsewhere."""
    accept_seconds: float = 30.0
    """At most so long in all: a client that knows only this pod's address must not keep it from ending."""


DRAIN_PACE: Final = DrainPace()


async def leave(router: Router, shut: Callable[[], None], pace: DrainPace, signals: ExitSignals) -> int:
    """Drain, and return the exit code; a second signal ends it at once."""
    draining = asyncio.create_task(drain(router, shut, pace))
    again = asyncio.create_task(signals.get())
    await asyncio.wait((draining, again), return_when=asyncio.FIRST_COMPLETED)
    inside = router.context.telemetry.counts.inflight
    if not again.done():
        again.cancel()
        log.info("drained; %s %s left", count(inside, "request"), verb(inside, "was"))
        return 0
    draining.cancel()
    log.info("ended at once by a second signal; %s %s cut", count(inside, "request"), verb(inside, "was"))
    return 128 + again.result()


async def drain(router: Router, shut: Callable[[], None], pace: DrainPace) -> None:
    """Become unready at once, accept until clients have left, refuse batch work that waits, and let all else finish
    within the total time-out."""
    router.context.drain()
    inside = router.context.telemetry.counts.inflight
    log.info("draining; %s %s in flight", count(inside, "request"), verb(inside, "is"))
    with suppress(TimeoutError):
        async with asyncio.timeout(pace.accept_seconds):
            await _until_quiet(router, pace.linger_seconds)
    shut()
    with suppress(TimeoutError):
        async with asyncio.timeout(router.context.timeouts.total_seconds):
            while router.context.telemetry.counts.inflight:
                _refuse_batch(router)
                await asyncio.sleep(POLL_SECONDS)
    for client in list(router.context.clients):
        client.close()
    await _until_read(router)


def _refuse_batch(router: Router) -> None:
    """Refuse batch work that waits: it may wait for hours, and its client can send it to another router."""
    context = router.context
    for target in list(context.every_target):
        queue = target.dispatcher.queue
        if queue.lanes.batch.bands.waiting:
            queue.refuse_batch()
            context.dispatch(target, monotonic())


async def _until_read(router: Router) -> None:
    """Wait until clients have everything that was written for them; slow ones get more time."""
    clients, since = router.context.clients, monotonic()
    while clients and (waited := monotonic() - since) < LAST_BYTES_SECONDS:
        if waited >= GOODBYE_SECONDS and not any(one.unread for one in clients):
            return
        await asyncio.sleep(POLL_SECONDS)


async def _until_quiet(router: Router, linger_seconds: float) -> None:
    """Wait until no request has come for so long; health checks are not requests.

    Polls are counted, not the clock: what came while the router itself stood still is read after the late poll.
    """
    counters = router.context.telemetry.counts
    quiet, seen = 0.0, counters.begun()
    while quiet < linger_seconds:
        await asyncio.sleep(POLL_SECONDS)
        quiet += POLL_SECONDS
        if (begun := counters.begun()) != seen:
            quiet, seen = 0.0, begun
