"""Liveness, readiness, metrics: unhealthy only when a restart would help, and never for what a standby does not do."""

import asyncio

import aiohttp
import pytest

from fairlead.process import ports
from fairlead.process.ports import ProcessHealth
from tests.cluster.worlds import run


@pytest.mark.parametrize(
    ("leading", "watch_s", "key_s", "lag_s", "sick"),
    [
        (True, 1, 1, 0.1, ""),
        (True, 211, 1, 0, "no message from the API server for 211 s"),
        (True, 1, 301, 0, "the oldest item of the work queue is 301 s old, and at most 300 s are allowed"),
        (False, 999, 999, 0, ""),
        (False, 0, 0, 6, "the event loop is 6.0 s behind, and at most 5 s are allowed"),
    ],
)
def test_only_what_a_restart_would_heal_is_sickness(
    leading: bool, watch_s: float, key_s: float, lag_s: float, sick: str
) -> None:
    """P10: only a silence that outlives every new watch counts."""
    health = ProcessHealth(watch_age_s=lambda: watch_s, oldest_key_s=lambda: key_s, working=leading, lag_s=lag_s)
    assert health.failure() == sick


async def fetched(runner: aiohttp.web.AppRunner, path: str) -> tuple[int, str]:
    """Fetch as the kubelet does."""
    url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


def test_the_kubelets_probes_report_the_health_of_the_process() -> None:
    async def story() -> None:
        health = ProcessHealth(watch_age_s=lambda: 0.0, oldest_key_s=lambda: 0.0)
        async with ports.serve("127.0.0.1", 0, health.probes()) as runner:
            assert await fetched(runner, "/healthz") == (200, "ok\n")
            assert await fetched(runner, "/readyz") == (503, "starting\n")
            health.ready = True
            assert await fetched(runner, "/readyz") == (200, "standing by\n")
            health.working, health.lag_s = True, 9.0
            assert await fetched(runner, "/readyz") == (200, "leading\n")
            assert await fetched(runner, "/healthz") == (
                500,
                "the event loop is 9.0 s behind, and at most 5 s are allowed\n",
            )

    run(story())


def test_prometheus_gets_its_page() -> None:
    async def story() -> None:
        async with ports.serve("127.0.0.1", 0, [ports.metrics(lambda: b"up 1\n")]) as runner:
            assert await fetched(runner, "/metrics") == (200, "up 1\n")

    run(story())


def test_a_loop_that_was_held_up_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "BEAT_S", 0.001)

    async def story() -> None:
        health = ProcessHealth(watch_age_s=lambda: 0.0, oldest_key_s=lambda: 0.0, lag_s=-1)
        beating = asyncio.create_task(health.beat())
        while health.lag_s < 0:
            await asyncio.sleep(0.001)
        beating.cancel()
        assert health.lag_s < 5

    run(story())
