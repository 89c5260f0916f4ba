"""A tenant's limit means the same whichever of several routers its clients use."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointsCallback
from fairlead.process.exit_signals import ExitSignals
from fairlead.router import process, router_peers
from fairlead.router.drain import DrainPace
from fairlead.router.endpoint_sources import StaticEndpoints
from fairlead.router.process import RouterOptions
from fairlead.router.rate_limit_headers import lines
from fairlead.routing import rate_ownership
from fairlead.routing.rate_permits import Permit, RateRemainder
from tests.emulator.living import client, living
from tests.router.planes import PROMPT, Cluster, free_port, run_story, written

HOSTS: Final = {"router-a": "127.0.0.23", "router-b": "127.0.0.24"}
HOME: Final = rate_ownership.rate_owner("shop", HOSTS) or ""
OTHER: Final = next(name for name in HOSTS if name != HOME)
US: Final = DiscoveredEndpoint(pod="this-test", address="127.0.0.1:8000", ready=False)
"""Connections from one loopback address to another come from here."""


class Fleet:
    """Two routers that know each other, and a client with a tenant's key."""

    def __init__(self, session: aiohttp.ClientSession, port: int, pages: int, cluster: Cluster) -> None:
        self.session = session
        self.port = port
        self.pages = pages
        self.cluster = cluster

    def both(self) -> None:
        self.cluster.announce(
            US, *(DiscoveredEndpoint(pod=name, address=f"{host}:8000") for name, host in HOSTS.items())
        )

    async def send(self, name: str, **body: Any) -> tuple[int, dict[str, str]]:  # noqa: ANN401 - any JSON
        url = f"http://{HOSTS[name]}:{self.port}/v1/completions"
        headers = {"Authorization": "Bearer key-of-the-shop"}
        async with self.session.post(url, json=PROMPT | {"max_tokens": 2} | body, headers=headers) as answer:
            await answer.read()
            shown = {key.lower().removeprefix("x-ratelimit-"): value for key, value in answer.headers.items()}
            return answer.status, {key: value for key, value in shown.items() if "requests" in key or "tokens" in key}

    async def statuses(self, *names: str) -> list[int]:
        return [(await self.send(name))[0] for name in names]


@asynccontextmanager
async def fleet(folder: Path, *lost: str, **limits: Any) -> AsyncIterator[Fleet]:  # noqa: ANN401 - any JSON
    """Routers in `lost` are known and unreachable."""
    (folder / "key").write_text("key-of-the-shop")
    tenants = [{"name": "shop", "keyFiles": [str(folder / "key")]} | limits]
    port, pages, cluster = free_port(), free_port(), Cluster()
    async with living() as engines, client() as session:
        config = written(folder, [engines[0].address], tenants=tenants)
        ends: list[tuple[ExitSignals, asyncio.Task[int]]] = []
        found = Fleet(session, port, pages, cluster)
        for name in HOSTS.keys() - set(lost):
            options = RouterOptions(
                config=config,
                name=name,
                host=HOSTS[name],
                port=port,
                metrics_port=pages,
                drain_pace=DrainPace(linger_seconds=0.01),
                sweep_seconds=0.01,
                sources=lambda settings: StaticEndpoints(settings.endpoints),
                routers=lambda _: Shared(cluster),
            )
            signals = ExitSignals()
            ends.append((signals, asyncio.create_task(process.live(options, signals))))
        try:
            for name in HOSTS.keys() - set(lost):
                await listening(HOSTS[name], port)
            await asyncio.sleep(0.05)
            found.both()
            yield found
        finally:
            for signals, life in ends:
                signals.put_nowait(15)
                signals.put_nowait(15)
                await life


class Shared:
    """The same list for several routers."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def follow(self, callback: EndpointsCallback) -> None:
        while True:
            callback(self._cluster.seen or ())
            await asyncio.sleep(0.01)


async def listening(host: str, port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.005)
        else:
            writer.close()
            return


@pytest.mark.trial(18)
@pytest.mark.parametrize(
    "met",
    [(HOME,) * 4, (OTHER,) * 4, (HOME, OTHER) * 2, (OTHER, OTHER, OTHER, HOME)],
    ids=["the one that keeps the rate", "the other one", "both in turn", "mostly the other one"],
)
def test_a_client_that_may_send_four_a_minute_gets_four_answers_and_no_fifth(
    tmp_path: Path, met: tuple[str, ...]
) -> None:
    async def story() -> None:
        async with fleet(tmp_path, requestsPerMinute=4) as routers:
            await asyncio.sleep(0.05)
            assert await routers.statuses(*met) == [200] * 4
            assert await routers.statuses(HOME, OTHER) == [429, 429]

    run_story(story())


@pytest.mark.trial(18)
def test_tokens_a_minute_are_one_sum_and_what_was_not_used_comes_back_to_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with fleet(tmp_path, tokensPerMinute=1000) as routers:
            await asyncio.sleep(0.05)
            first = await routers.send(OTHER, max_tokens=600)
            assert first[0] == 200
            while int((await routers.send(OTHER, max_tokens=1))[1]["remaining-tokens"]) < 900 - 600:
                await asyncio.sleep(0.05)
            assert (await routers.send(HOME, max_tokens=1))[0] == 200

    run_story(story())


@pytest.mark.trial(20)
def test_every_router_shows_clients_what_is_left_in_openais_headers(tmp_path: Path) -> None:
    async def story() -> None:
        async with fleet(tmp_path, requestsPerMinute=4, tokensPerMinute=60_000) as routers:
            await asyncio.sleep(0.05)
            left = []
            for name in (OTHER, HOME, OTHER):
                status, shown = await routers.send(name)
                assert status == 200
                assert (shown["limit-requests"], shown["limit-tokens"]) == ("4", "60000")
                assert set(shown) == {
                    f"{one}-{what}" for one in ("limit", "remaining", "reset") for what in ("requests", "tokens")
                }
                left.append(shown["remaining-requests"])
            assert left == ["3", "2", "1"]
            await routers.send(HOME)
            status, shown = await routers.send(OTHER)
            assert (status, shown["remaining-requests"], shown["reset-requests"]) == (429, "0", "1m0s")

    run_story(story())


def test_without_the_router_that_keeps_the_rate_the_other_one_enforces_its_part(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        caplog.set_level(logging.WARNING)
        async with fleet(tmp_path, HOME, requestsPerMinute=4) as routers:
            await asyncio.sleep(0.05)
            assert await routers.statuses(OTHER, OTHER, OTHER) == [200, 200, 429]
            assert caplog.text.count(f"router {HOME} keeps tenants' rates and does not answer") == 1

    run_story(story())


def test_only_routers_are_answered_about_rates(tmp_path: Path) -> None:
    async def story() -> None:
        async with fleet(tmp_path, requestsPerMinute=4) as routers:
            await asyncio.sleep(0.05)
            url = f"http://{HOSTS[HOME]}:{routers.pages}{router_peers.PATH.decode()}"

            async def status(query: str) -> int:
                async with routers.session.get(url + query) as answer:
                    return answer.status

            assert await status("?tenant=shop") == 200
            assert await status("?tenant=nobody&cost=3") == 404
            assert await status("?tenant=shop&cost=x&owedTokens=") == 200
            routers.cluster.announce(
                *(DiscoveredEndpoint(pod=name, address=f"{host}:8000") for name, host in HOSTS.items())
            )
            await asyncio.sleep(0.05)
            assert await status("?tenant=shop&cost=3") == 403

    run_story(story())


def test_spans_are_written_as_openai_writes_them() -> None:
    def reset(seconds: float) -> str:
        remainder = RateRemainder(limit=4, remaining=0, full_in_seconds=seconds)
        return lines(Permit(requests=remainder)).decode().splitlines()[2].rpartition(" ")[2]

    assert [reset(one) for one in (0.0, 0.1201, 15, 60, 61.2)] == ["0ms", "121ms", "15s", "1m0s", "1m2s"]
    assert lines(Permit()) == b""
