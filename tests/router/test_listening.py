"""The addresses that a router listens on."""

import asyncio
import socket
from contextlib import closing
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from fairlead.cli import main
from fairlead.process.exit_signals import ExitSignals
from fairlead.router import process
from fairlead.router.drain import DrainPace
from fairlead.router.process import RouterOptions
from tests import free_ports
from tests.emulator.living import client
from tests.router.planes import run_story, written

EVERY: Final = "0.0.0.0"  # noqa: S104 - the default in a pod


def has_ipv6() -> bool:
    with closing(socket.socket(socket.AF_INET6)) as one:
        try:
            one.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.parametrize(
    ("pod_ip", "words", "host"),
    [
        ("10.0.0.7", (), EVERY),
        ("", (), EVERY),
        ("fd00::7", (), ""),
        ("fd00::7", ("--host", "127.0.0.1"), "127.0.0.1"),
    ],
)
def test_a_pod_listens_on_the_family_of_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pod_ip: str, words: tuple[str, ...], host: str
) -> None:
    served: list[RouterOptions] = []

    def serve(options: RouterOptions) -> int:
        served.append(options)
        return 0

    monkeypatch.setattr(process, "serve", serve)
    monkeypatch.setenv("POD_IP", pod_ip)
    assert main.main(("router", "--config", str(tmp_path / "router.json"), *words)) == 0
    assert [one.host for one in served] == [host]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_router_without_a_host_is_reached_by_both_families_on_all_its_ports(tmp_path: Path) -> None:
    async def story() -> None:
        signals, ports = ExitSignals(), [free_ports.free_port(EVERY) for _ in range(3)]
        options = RouterOptions(
            config=written(tmp_path, ["127.0.0.1:1"], tenants=[]),
            host="",
            name="router-a",
            port=ports[0],
            metrics_port=ports[1],
            metrics_host="",
            peer_port=ports[2],
            drain_pace=DrainPace(linger_seconds=0.01),
        )
        life = asyncio.create_task(process.live(options, signals))
        async with client() as session:
            for host in ("127.0.0.1", "[::1]"):
                for port in ports[:2]:
                    assert await status(session, f"http://{host}:{port}/health") == 200
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
            other.bind(("::", ports[2]))
        signals.put_nowait(15)
        assert await life == 0

    run_story(story())


async def status(session: aiohttp.ClientSession, url: str) -> int:
    while True:
        try:
            async with session.get(url) as answer:
                return answer.status
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.01)
