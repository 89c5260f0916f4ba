"""Connections that are given up before they were even begun leave nothing behind."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from fairlead.router.observability.counters import RouterCounters
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.upstream_requests import UpstreamRequest
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.responses import ReplyFraming
from fairlead.routing.endpoint import Endpoint

MESSAGE = UpstreamMessage(parts=(b"", b""), framing=ReplyFraming.PLAIN)


@pytest.mark.parametrize("loop_factory", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_a_connection_that_is_cancelled_before_its_first_step_is_forgotten(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """A client that times out in the very turn of the event loop in which its request is sent."""

    async def story() -> None:
        pool = UpstreamPool(Endpoint(pod="a", address="127.0.0.1:9", slot=0), HeadCache(), RouterCounters())
        given_up = [pool.send(UpstreamRequest(), MESSAGE, 0.0) for _ in range(3)]
        assert pool.connecting == 3
        for one in given_up:
            one.abort()
        await asyncio.sleep(0.01)
        assert pool.connecting == 0
        assert all(one.connecting is None for one in given_up)
        pool.close()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(story())
