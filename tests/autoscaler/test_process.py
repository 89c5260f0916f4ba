"""An autoscaler process from its first signal handler to its end, with a small fake API server."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

import aiohttp
import pytest

from fairlead.autoscaler import process
from fairlead.autoscaler.samples.source_registry import SourceFactories
from fairlead.autoscaler.settings import AutoscalerSettings
from fairlead.cluster import kinds
from fairlead.process import ports
from tests.autoscaler.fleets import Clock, PretendSource
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run, until
from tests.emulator.living import free_port

LEASE: Final = (kinds.LEASE.title, "ops", "fairlead-autoscaler-me")


async def fetched(port: int, path: str) -> tuple[int, str]:
    """Fetch as the kubelet and Prometheus do; status 0: the port is not open."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}{path}") as answer,
        ):
            return answer.status, await answer.text()
    except aiohttp.ClientError:
        return 0, ""


class Member(NamedTuple):
    """A process that runs, its API server, and its ports."""

    fake: FakeApi
    running: "asyncio.Task[int]"
    health: int
    metrics: int


@asynccontextmanager
async def member(monkeypatch: pytest.MonkeyPatch, folder: Path) -> AsyncIterator[Member]:
    """Run a process until it has joined; SIGTERM ends it with the block."""
    fake, health, metrics = FakeApi(), free_port(), free_port()
    settings = AutoscalerSettings(
        lease_namespace="ops", identity="me", host="127.0.0.1", health_port=health, metrics_port=metrics
    )
    async with fake.served():
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(folder, fake.address)))
        factories = SourceFactories(direct=lambda: PretendSource(Clock()), prometheus=lambda _: PretendSource(Clock()))
        running = asyncio.create_task(process.run(settings, lambda _: None, factories))
        await until(lambda: running.done() or LEASE in fake.objects.held)
        yield Member(fake, running, health, metrics)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0


def test_a_member_joins_serves_its_ports_and_leaves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def story() -> None:
        async with member(monkeypatch, tmp_path) as one:
            assert await fetched(one.health, "/healthz") == (200, "ok\n")
            assert await fetched(one.health, "/readyz") == (200, "deciding\n")
            status, page = await fetched(one.metrics, "/metrics")
            assert (status, "fairlead_autoscaler_members 1.0" in page) == (200, True)
            assert (await fetched(one.metrics, "/fairlead/v1/decisions"))[0] == 200
        assert LEASE not in one.fake.objects.held
        assert await fetched(one.health, "/healthz") == (0, "")

    run(story())


async def hold_up_the_loop() -> None:
    """Keep the event loop busy for 50 ms at a time, as a scrape of a huge page does."""
    while True:
        Event().wait(0.05)
        await asyncio.sleep(0)


def test_a_member_whose_event_loop_lags_reports_it_until_the_loop_is_on_time_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ports, "BEAT_S", 0.01)
    monkeypatch.setattr(ports, "LAG_S", 0.02)

    async def story() -> None:
        async with member(monkeypatch, tmp_path) as one:
            busy = asyncio.create_task(hold_up_the_loop())
            while (found := await fetched(one.health, "/healthz"))[0] != 500:
                pass
            assert found[1].startswith("the event loop is 0."), found
            busy.cancel()
            while (await fetched(one.health, "/healthz")) != (200, "ok\n"):
                pass

    run(story())


def kubeconfig(folder: Path, server: str) -> Path:
    """A file that names the API server."""
    named = {"name": "small"}
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "current-context": "small",
                "contexts": [named | {"context": {"cluster": "small", "user": "small"}}],
                "clusters": [named | {"cluster": {"server": server}}],
                "users": [named | {"user": {}}],
            }
        )
    )
    return path
