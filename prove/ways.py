"""Records three paths of a unique number through the product: a request's, a field's and a sample's."""

import asyncio
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import uvloop

from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.autoscaler.samples.scraper import Scraper
from prove.carried import Way, followed
from tests.autoscaler.fleets import Fleet, policy
from tests.autoscaler.pages import engine_page, router_page
from tests.autoscaler.pretend_pods import HOST, listening, whole
from tests.controller.pretend import Pretend, deployment
from tests.emulator.living import living
from tests.router import planes

MARKER: Final = 6137
WARM_S: Final = 4.0
"""A deployment is decided after three rounds of scrapes of its pods."""
SLOW_START: Final = {"assume": "10m"}
"""What it learns of its pods it then learns at their first decision, and not again before the path was followed."""
HUNG_S: Final = 30.0
WAITING: Final = b'vllm:num_requests_waiting{engine="0"} '
RECOMMENDED: Final = "fairlead.scaling.decide.recommender:recommend"


def all_ways() -> dict[str, Way]:
    """Record each path, by name."""
    return {"request": request(), "field": field(), "sample": sample()}


def field() -> Way:
    """`spec.engine.context.maxTokens` from the stored object to the engine's command line, in one reconcile."""
    world = Pretend()
    with followed(MARKER, ("fairlead.",)) as way:
        world.apply(deployment(engine={"kind": "Simulated", "context": {"maxTokens": MARKER}}))
        world.settle()
    assert any(str(MARKER) in json.dumps(pod) for pod in world.engine_pods()), "it arrives at the pod"
    return way


def request() -> Way:
    """The prompt of a chat request from the client's bytes to the engine's, through a router with one engine."""

    async def story() -> Way:
        with tempfile.TemporaryDirectory() as folder:
            async with living() as engines, planes.before(Path(folder), engines) as plane:
                await plane.complete()
                with followed(MARKER, ("fairlead.router", "fairlead.routing")) as way:
                    status, _ = await plane.complete(planes.PROMPT | {"prompt": f"count to {MARKER}"})
                assert status == 200, status
                return way

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(story())


def sample() -> Way:
    """An engine's queue depth from the bytes of its metrics page to the recommendation."""
    return asyncio.run(_sample())


async def _sample() -> Way:
    fleet, waiting = Fleet(), 1
    fleet.world.receive(policy(coldStart=SLOW_START))
    fleet.deploy()

    def page(number: int) -> bytes:
        if waiting == MARKER:  # follow one sample only: a later one of the same engine would be counted with it
            asyncio.get_running_loop().call_soon(setattr, pod, "delay", HUNG_S)
        return whole(engine_page(number).replace(WAITING + b"1.0", WAITING + b"%d.0" % waiting))

    async with listening(page) as pod, listening(lambda number: whole(router_page(number))) as router:
        scraper = Scraper(interval_seconds=0.05, timeout_seconds=2.0, chance=Random(1))  # noqa: S311  # jitter

        def reach(one: ScrapeTarget) -> ScrapeTarget:
            return replace(one, ip=HOST, port=router.port if one.kind is None else pod.port)

        async def round_of_decisions() -> None:
            await asyncio.sleep(0.2)
            fleet.clock.now = time.time()
            fleet.source.follow(())
            await fleet.loop.round()
            scraper.follow(list(map(reach, fleet.source.targets)))
            for one in fleet.loop.states.values():
                await (one.task or asyncio.sleep(0))

        fleet.reads(scraper)
        scraper.start()
        until = time.monotonic() + WARM_S
        while time.monotonic() < until:
            await round_of_decisions()
        with followed(MARKER, ("fairlead.",), until=RECOMMENDED) as way:
            waiting = MARKER
            await round_of_decisions()
            await round_of_decisions()
        assert RECOMMENDED in way.frames, "it arrives at the recommendation"
        await scraper.close()
    await fleet.sources.close()
    return way
