"""An autoscaler process from its first signal handler to its end, with a small fake API server."""

import asyncio
import json
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from fairlead.autoscaler import process
from fairlead.autoscaler.samples.source_registry import SourceFactories
from fairlead.autoscaler.settings import AutoscalerSettings
from fairlead.cluster import kinds
from tests.autoscaler.fleets import Clock, PretendSource
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run, until
from tests.emulator.living import free_port


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


def test_a_member_joins_serves_its_ports_and_leaves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def story() -> None:
        fake, health, metrics = FakeApi(), free_port(), free_port()
        settings = AutoscalerSettings(
            lease_namespace="ops", identity="me", host="127.0.0.1", health_port=health, metrics_port=metrics
        )
        async with fake.served():
            monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, fake.address)))
            factories = SourceFactories(
                direct=lambda: PretendSource(Clock()), prometheus=lambda _: PretendSource(Clock())
            )
            running = asyncio.create_task(process.run(settings, lambda _: None, factories))
            where = (kinds.LEASE.title, "ops", "fairlead-autoscaler-me")
            await until(lambda: running.done() or where in fake.objects.held)
            assert await fetched(health, "/healthz") == (200, "ok\n")
            assert await fetched(health, "/readyz") == (200, "deciding\n")
            status, page = await fetched(metrics, "/metrics")
            assert (status, "fairlead_autoscaler_members 1.0" in page) == (200, True)
            assert (await fetched(metrics, "/fairlead/v1/decisions"))[0] == 200
            os.kill(os.getpid(), signal.SIGTERM)
            assert await running == 0
            assert where not in fake.objects.held
            assert await fetched(health, "/healthz") == (0, "")

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
