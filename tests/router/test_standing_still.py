"""A router that got no CPU for a while, or was stopped: nobody pays for what it has not read."""

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic  # noqa: TID251 - a sweeper's clock goes on from the real one

import pytest

from fairlead.fleet.endpoints import EndpointState
from fairlead.router import sweeper
from fairlead.router.sweeper import Sweeper
from tests.emulator.living import living
from tests.router.gated_engine import Gated
from tests.router.planes import HOST, PROMPT, Plane, plane, posted, run_story, written
from tests.router.test_faults import answer, listening

LONG_S = 1000.0
"""Longer than any time-out by default."""


@dataclass
class Clock:
    """The sweeper's time."""

    now: float

    def __call__(self) -> float:
        return self.now


class HandSweeper(Sweeper):
    """Sweeps when the test says so."""

    def sweep(self) -> None:
        """Sweep now, and not once more by itself."""
        self.stop()
        self._sweep()
        self.stop()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(monotonic())
    monkeypatch.setattr(sweeper, "monotonic", made)
    return made


def test_an_answer_that_came_while_the_router_stood_still_is_passed_on(clock: Clock) -> None:
    async def story() -> None:
        engine = Gated()
        async with listening(engine) as (router, port):
            by_hand = HandSweeper(router)
            reply = asyncio.create_task(answer(port, PROMPT))
            while not engine.seen:
                await asyncio.sleep(0.002)
            clock.now += LONG_S
            by_hand.sweep()
            engine.gate.set()
            assert (await reply).startswith(b"HTTP/1.1 200")
            (endpoint,) = router.sole.dispatcher.table.endpoints
            assert (endpoint.state, endpoint.failures) == (EndpointState.ROUTABLE, 0)
            by_hand.stop()

    run_story(story())


def test_an_engine_that_is_still_silent_then_is_given_up_however_busy_the_router_is(clock: Clock) -> None:
    async def story() -> None:
        engine = Gated()
        async with listening(engine) as (router, port):
            by_hand = HandSweeper(router)
            reply = asyncio.create_task(answer(port, PROMPT))
            while not engine.seen:
                await asyncio.sleep(0.002)
            clock.now += LONG_S
            by_hand.sweep()
            assert not reply.done()
            clock.now += LONG_S
            by_hand.sweep()
            assert b'"code": "replica_timeout"' in await reply

    run_story(story())


async def is_ready(router: Plane) -> bool:
    """Whether it is not draining."""
    async with router.session.get(router.url + "/ready") as answer:
        return answer.status == 200


def test_a_request_that_came_while_a_leaving_router_stood_still_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (engine,), plane(written(tmp_path, [engine.address]), linger=0.3) as router:
            await router.until("routable")
            router.signals.put_nowait(15)
            while await is_ready(router):
                await asyncio.sleep(0.002)
            with socket.create_connection((HOST, router.port)) as client:
                client.sendall(posted(PROMPT))
                Event().wait(0.6)  # the router's loop stands still
                client.setblocking(False)
                assert (await asyncio.get_running_loop().sock_recv(client, 12)) == b"HTTP/1.1 200"
            assert await router.life == 0

    run_story(story())
