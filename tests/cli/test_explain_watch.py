"""`fairlead explain --watch`: each later decision, and goes on where the API server does not answer for a while."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fairlead.cli import explain
from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT
from tests.cli.pretend_cluster import SCALING, PretendCluster
from tests.cluster.fake_api import Fault


class Watched:
    """A command that runs, and what it has printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], running: "asyncio.Task[None]") -> None:
        self.out = self.err = ""
        self.running = running
        self._capsys = capsys

    async def until(self, words: str) -> None:
        """Wait until it has printed these."""
        while words not in self.out + self.err and not self.running.done():
            await asyncio.sleep(0.001)
            captured = self._capsys.readouterr()
            self.out, self.err = self.out + captured.out, self.err + captured.err


@asynccontextmanager
async def watched(capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Watched]:
    """`fairlead explain chat --watch -o json`, which refreshes all the time."""
    words = argparse.Namespace(
        target="chat",
        namespace=None,
        context=None,
        operator_namespace=None,
        autoscaler=None,
        record=None,
        watch=True,
        every=0.001,
        output="json",
    )
    async with asyncio.timeout(20):
        one = Watched(capsys, asyncio.create_task(explain._show_from_cluster(words)))
        await one.until("one is enough")
        yield one
        one.running.cancel()


def test_watching_prints_again_when_the_decision_changes(
    cluster: PretendCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        async with watched(capsys) as one:
            cluster.has("chat", scaling=SCALING | {"message": "two are better"}, readyReplicas=1)
            await one.until("two are better")
        assert one.out.count('"status": {') == 2

    asyncio.run(story())


def test_watching_survives_an_api_server_that_is_away_and_says_so_once(
    cluster: PretendCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        async with watched(capsys) as one:
            cluster.fail(Fault(code=503), "get", times=3)
            await one.until("refreshed again")
            cluster.has("chat", scaling=SCALING | {"message": "two are better"}, readyReplicas=1)
            await one.until("two are better")
        first, *rest = one.err.splitlines()
        assert first.startswith("fairlead explain: not refreshed, trying again every 0.001 s: ")
        assert rest == ["fairlead explain: refreshed again"]

    asyncio.run(story())


def test_watching_ends_when_the_deployment_is_gone(cluster: PretendCluster, capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        async with watched(capsys) as one:
            cluster.remove(INFERENCE_DEPLOYMENT, "team", "chat")
            with pytest.raises(ClusterUnavailable, match="there is no InferenceDeployment chat"):
                await one.running

    asyncio.run(story())
