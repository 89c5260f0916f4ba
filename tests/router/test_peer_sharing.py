"""Routers on real sockets that know each other: what one sends is load at the other, and a flood changes nothing."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router import peer_socket
from fairlead.router.config import loader, secret_values
from fairlead.router.config.loader import RouterConfig
from fairlead.router.router import Router
from fairlead.routing.peers.envelope import IgnoredReason
from fairlead.routing.routing_request import RoutingRequest
from tests.router.planes import run_story
from tests.router.test_sharing_rates import made
from tests.routing.engines import EVERYBODY

HOSTS: Final = {"a": "127.0.0.41", "b": "127.0.0.42"}
STRANGER: Final = "127.0.0.43"
KEY: Final = b"k" * 32
HERE: Final = RouterConfig(
    namespace="team", endpoints=("127.0.0.1:1",), routers=2, router_selector="role=router", peer_keys=(KEY,)
)
SEEN: Final = tuple(DiscoveredEndpoint(pod=name, address=f"{host}:8080") for name, host in HOSTS.items())


@asynccontextmanager
async def routers(settings: RouterConfig = HERE) -> AsyncIterator[dict[str, Router]]:
    """Two of them, which list each other, with one engine."""
    found: dict[str, Router] = {}
    port = 0
    for name, host in HOSTS.items():
        one = found[name] = made(settings)
        one.name = name
        one.join_peers(host, port)
        assert one.peer_reports is not None
        port = one.peer_reports.port
        one.sole.dispatcher.table.apply_discovered((DiscoveredEndpoint(pod="e", address="127.0.0.1:1"),))
    try:
        yield found
    finally:
        for one in found.values():
            await one.close()


def list_all(found: dict[str, Router]) -> None:
    for one in found.values():
        one.list_routers(SEEN)


async def until_together(*found: Router) -> None:
    while not all(one.sole.dispatcher.table.context.together for one in found):
        await asyncio.sleep(0.005)


def send(one: Router) -> None:
    """A request to its engine, in flight from now on."""
    dispatcher = one.sole.dispatcher
    for endpoint in dispatcher.table.endpoints:
        dispatcher.table.probe_succeeded(endpoint)
    request = RoutingRequest(account=EVERYBODY, prompt_tokens=100, max_output_tokens=10, arrived=0.0, blocks=(1, 2))
    assert dispatcher.submit(request, 0.0) is dispatcher.table.endpoints[0]


def lines(one: Router) -> dict[str, float]:
    """Its metrics about peers."""
    text = [line for line in one.metrics().decode().splitlines() if "peer" in line and not line.startswith("#")]
    return {line.rpartition(" ")[0].removeprefix("fairlead_router_"): float(line.rpartition(" ")[2]) for line in text}


def test_one_routers_requests_are_load_at_the_other_within_moments() -> None:
    async def story() -> None:
        async with routers() as found:
            a, b = found.values()
            assert (a.ready, b.ready) == (False, False)
            list_all(found)
            await until_together(a, b)
            send(a)
            endpoint = b.sole.dispatcher.table.endpoints[0]
            while not endpoint.peers_inflight:
                await asyncio.sleep(0.001)
            own = a.sole.dispatcher.table.endpoints[0]
            assert (endpoint.peers_load, endpoint.others_load) == (own.load, own.load)
            while not b.sole.dispatcher.table.index.held(endpoint.slot):
                await asyncio.sleep(0.001)
            figures = lines(b)
            states = [figures['peers{state="heard"}'], figures['peers{state="silent"}'], figures["peers_together"]]
            assert states == [1, 0, 1]
            assert figures['endpoint_peers_inflight{pod="e"}'] == 1
            assert figures['peer_datagrams_total{result="forged"}'] == 0
            assert figures['peer_datagrams_total{result="received"}'] > 0
            assert figures["peer_age_seconds"] < 2
            while not (a.ready and b.ready):
                await asyncio.sleep(0.01)

    run_story(story())


def test_what_waits_at_one_goes_when_the_others_requests_end() -> None:
    async def story() -> None:
        async with routers() as found:
            a, b = found.values()
            list_all(found)
            await until_together(a, b)
            settled: list[object] = []

            class Owner:
                def apply_decision(self, endpoint: object, now: float) -> None:
                    settled.append((endpoint, now > 0))

            request = RoutingRequest(
                account=EVERYBODY, prompt_tokens=1, max_output_tokens=1, arrived=0.0, owner=Owner()
            )
            dispatcher = b.sole.dispatcher
            assert dispatcher.submit(request, 0.0) is None
            for endpoint in dispatcher.table.endpoints:
                dispatcher.table.context.routable = (endpoint,)
            while not settled:
                await asyncio.sleep(0.005)
            assert settled == [(dispatcher.table.endpoints[0], True)]

    run_story(story())


def test_forged_datagrams_are_counted_and_change_nothing_and_reading_them_ends_until_the_next_tick() -> None:
    async def story() -> None:
        async with routers() as found:
            a, b = found.values()
            list_all(found)
            await until_together(a, b)
            sharing = b.peer_reports
            assert sharing is not None
            places = {HOSTS["a"]: IgnoredReason.MALFORMED, STRANGER: IgnoredReason.NO_PEER}
            for host, reason in places.items():
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
                    forger.bind((host, 0))
                    for _ in range(4 * peer_socket.MAX_IGNORED):
                        forger.sendto(b"x" * 100, (HOSTS["b"], sharing.port))
                while sharing.ignored[reason] < 4 * peer_socket.MAX_IGNORED:
                    await asyncio.sleep(0.001)
            assert b.sole.dispatcher.table.context.together

    run_story(story())


def test_without_a_key_a_router_is_ready_at_once_and_one_that_comes_later_counts() -> None:
    async def story() -> None:
        async with routers(replace(HERE, peer_keys=())) as found:
            a, b = found.values()
            list_all(found)
            assert a.ready
            for one in found.values():
                one.apply(HERE)
            await until_together(a, b)

    run_story(story())


def test_a_router_whose_peers_left_reports_none_and_counts_datagrams_that_cannot_be_sent_as_lost() -> None:
    async def story() -> None:
        async with routers() as found:
            a, b = found.values()
            list_all(found)
            await until_together(a, b)
            a.list_routers((SEEN[0],))
            assert lines(a)['peers{state="heard"}'] == 0
            nowhere = DiscoveredEndpoint(pod="c", address="255.255.255.255:8080")
            a.list_routers((*SEEN, nowhere))
            sharing = a.peer_reports
            assert sharing is not None
            while not sharing.lost:
                await asyncio.sleep(0.01)

    run_story(story())


def test_a_peer_port_in_use_keeps_no_router_from_serving(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((STRANGER, 0))
            one = made(HERE)
            one.name = "a"
            one.join_peers(STRANGER, other.getsockname()[1])
            assert one.peer_reports is None
            await one.close()

    with caplog.at_level(logging.WARNING):
        run_story(story())
    assert "it reports nothing to other routers" in caplog.text


def test_an_error_of_ours_ends_one_report_and_not_the_next(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with routers() as found:
            a, b = found.values()
            sharing = a.peer_reports
            assert sharing is not None
            engines, sharing.group.engines.tables = sharing.group.engines.tables, None  # type: ignore[assignment]  # an error of ours
            while "internal error" not in caplog.text:
                await asyncio.sleep(0.01)
            sharing.group.engines.tables = engines
            list_all(found)
            await until_together(a, b)

    with caplog.at_level(logging.ERROR):
        run_story(story())


def test_keys_are_read_from_the_folder_the_newest_first(tmp_path: Path) -> None:
    written = f'{{"renderedFrom": "x", "endpoints": ["127.0.0.1:1"], "peerKeysFolder": "{tmp_path}"}}'
    settings = loader.read(written)
    (warning,) = secret_values.filled_in(settings).warnings
    assert warning == (
        f"peerKeysFolder: {tmp_path}: no key could be read; until the operator wrote it, each router uses only "
        "what it sees itself"
    )
    (tmp_path / "previous").write_bytes(b"p" * 32)
    (tmp_path / "current").write_bytes(b"c" * 31)
    assert secret_values.filled_in(settings).peer_keys == (b"p" * 32,)
    (tmp_path / "current").write_bytes(b"c" * 32)
    assert secret_values.filled_in(settings).peer_keys == (b"c" * 32, b"p" * 32)
    assert settings.files == (str(tmp_path),)
