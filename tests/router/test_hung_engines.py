"""Engines with good health and metrics and no tokens: the watchdog removes them, and moves their work."""

import asyncio
from pathlib import Path

import pytest

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router import engine_scraper, upstream_requests
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire.head_cache import HeadCache
from fairlead.routing import watchdog
from fairlead.routing.endpoint import Endpoint
from tests.emulator.living import living, paced
from tests.router.gated_engine import Gated
from tests.router.planes import PROMPT, STREAM, Cluster, Raw, before, plane, run_story, written
from tests.router.test_engine_requests import ANSWER, METRICS, router_before

EJECTED = 'fairlead_router_ejections_total{by="watchdog"}'


@pytest.mark.interpreted
def test_streams_without_a_token_leave_a_hung_engine_and_running_ones_end_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with living() as (hung,), living() as (well,), before(tmp_path, [hung]) as router:
            for _ in range(3):
                assert (await router.complete(STREAM))[0] == 200
            hung.engine.pretence = paced(0.001, 60)
            running = asyncio.create_task(router.complete(STREAM))
            while not hung.engine.now.running:
                await asyncio.sleep(0.002)
            await asyncio.sleep(0.05)
            hung.engine.pretence = paced(60, 60)
            waiting = [asyncio.create_task(router.complete(STREAM)) for _ in range(3)]
            while hung.engine.now.running < 4:
                await asyncio.sleep(0.002)
            written(tmp_path, [hung.address, well.address])
            await router.until("routable", "routable")
            monkeypatch.setattr(watchdog, "FLOOR_SECONDS", 0.3)
            assert {text.count("data: ") for _, text in await asyncio.gather(*waiting)} == {21}
            status, text = await running
            assert (status, "no progress for" in text, '"code": "stream_cut"' in text) == (200, True, True)
            assert await router.metric(EJECTED) >= 1.0

    run_story(story())


def test_whole_answers_leave_a_hung_engine_too_where_its_metrics_would_show_progress(tmp_path: Path) -> None:
    async def story() -> None:
        timeouts = {"firstTokenSeconds": 0.5, "betweenTokensSeconds": 0.5}
        silent = Silent(metrics=METRICS)
        async with living() as (well,), router_before(tmp_path, silent) as router:
            while (await router.endpoints())[0]["figures"] is None:
                await asyncio.sleep(0.005)
            waiting = asyncio.create_task(router.complete(PROMPT))
            while not silent.seen:
                await asyncio.sleep(0.002)
            written(tmp_path, [silent.address, well.address])
            await router.until("routable", "routable")
            written(tmp_path, [silent.address, well.address], timeouts=timeouts)
            assert (await waiting)[0] == 200
            assert await router.metric(EJECTED) >= 1.0

    run_story(story())


def test_how_long_an_engine_has_hung_is_reported_until_it_answers_a_probe(tmp_path: Path) -> None:
    async def story() -> None:
        timeouts = {"firstTokenSeconds": 0.3, "betweenTokensSeconds": 0.3}
        engine = Silent(metrics=METRICS)
        async with router_before(tmp_path, engine, timeouts=timeouts) as router:
            while (await router.endpoints())[0]["figures"] is None:
                await asyncio.sleep(0.005)
            assert (await router.endpoints())[0]["hungSeconds"] is None
            answer, engine.to_probes = engine.to_probes, b""
            waiting = asyncio.create_task(router.complete(PROMPT))
            await router.until("ejected")
            while "no token within" not in (await router.endpoints())[0]["reason"]:
                await asyncio.sleep(0.02)
            assert (await router.endpoints())[0]["hungSeconds"] > 0
            engine.to_probes = answer
            await router.until("routable")
            assert (await router.endpoints())[0]["hungSeconds"] is None
            waiting.cancel()

    run_story(story())


def test_a_scrape_that_is_never_answered_is_not_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_scraper, "ANSWER_SECONDS", 0.1)

    async def story() -> None:
        async with router_before(tmp_path, Forgetful(metrics=METRICS)) as router:
            while (await router.endpoints())[0]["figures"] is None:
                await asyncio.sleep(0.005)

    run_story(story())


class Forgetful(Raw):
    """Answers all scrapes but the first."""

    forgot = False

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.forgot:
            return await super()._answered(reader, writer)
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            self.forgot = True
            await reader.read()
            return False
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        writer.write(self.to_probes)
        return True


def test_an_engine_that_works_on_after_it_became_unready_keeps_its_requests(tmp_path: Path) -> None:
    async def story() -> None:
        timeouts, cluster, engine = {"firstTokenSeconds": 0.8, "betweenTokensSeconds": 0.8}, Cluster(), Working(ANSWER)
        config = written(tmp_path, ["x:1"], timeouts=timeouts)
        async with engine.listening(), plane(config, cluster) as router:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address))
            await router.until("routable")
            while (await router.endpoints())[0]["figures"] is None:
                await asyncio.sleep(0.005)
            waiting = asyncio.create_task(router.complete(PROMPT))
            while not engine.seen:
                await asyncio.sleep(0.002)
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, ready=False))
            await router.until("notReady")
            await asyncio.sleep(1.8)
            engine.gate.set()
            assert (await waiting)[0] == 200
            assert (len(engine.seen), engine.left) == (1, 0)

    run_story(story())


class Working(Gated):
    """Uses more of its KV cache from one scrape to the next."""

    used = 0

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.used = (self.used + 1) % 90
        self.metrics = METRICS.replace(b"} 0.25", b"} 0.%02d" % (self.used + 10))
        return await super()._answered(reader, writer)


class Silent(Raw):
    """Answers probes and scrapes; reads any other request, and does not answer."""

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.answers = [b""]
        return await super()._answered(reader, writer)


class Unreachable(UpstreamPool):
    """The connections of an engine whose machine is gone: none is ever made."""

    async def _connect(self, upstream: UpstreamConnection) -> None:  # noqa: ARG002 - the pool's
        await asyncio.Event().wait()


@pytest.mark.interpreted
def test_an_engine_that_cannot_be_reached_is_not_silent_although_a_connection_may_take_longer_than_its_probe() -> None:
    async def story() -> None:
        pool = Unreachable(Endpoint("a", "a:1", 0), HeadCache(), RouterCounters(()))
        message = upstream_requests.upstream_message(pool, b"GET", b"/")
        with pytest.raises(upstream_requests.NoUpstreamAnswer, match=r"no connection within 0\.01 s"):
            await upstream_requests.fetch(pool, message, 0.01)

    run_story(story())
