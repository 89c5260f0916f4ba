"""A leader at work on a small fake API server, and what it wrote."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.lease import Leadership, LeaseSettings
from fairlead.controller.leader_tasks import LeaderTasks
from fairlead.controller.reconcile import ReconcileSettings
from fairlead.controller.reconcilers import Reconcilers
from fairlead.review.context import ReviewContext
from fairlead.telemetry.operator_metrics import OperatorMetrics
from tests.cluster.fake_api import FakeApi
from tests.controller.pretend import CATALOGUE, PLATFORM

SETTING: Final = ReconcileSettings(context=ReviewContext(catalogue=CATALOGUE), installation=PLATFORM)


def stored(fake: FakeApi, kind: str = "Ready") -> tuple[str, str]:
    """One condition of the deployment, as stored."""
    live = fake.objects.held[(kinds.INFERENCE_DEPLOYMENT.title, "default", "chat")]
    document = {one["type"]: (one["status"], one["reason"]) for one in live.get("status", {}).get("conditions", ())}
    return document.get(kind, ("", ""))


@asynccontextmanager
async def leading(fake: FakeApi) -> AsyncIterator[tuple[LeaderTasks, OperatorMetrics]]:
    """A leader at work."""
    metrics = OperatorMetrics()
    async with fake.connected() as connection:
        api = ApiServer(connection)
        lease = LeaseSettings(namespace="fairlead-system", name="fairlead", identity="me")
        leadership = Leadership(api, lease, random.Random(7))  # noqa: S311  # jitter
        await leadership.acquire()
        leader = LeaderTasks(api, leadership, SETTING, metrics)
        working = asyncio.create_task(leader.run((), "me"))
        try:
            yield leader, metrics
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


def reconcilers_of(leader: LeaderTasks) -> Reconcilers:
    """What a leader that has begun reconciles with."""
    assert leader._reconcilers is not None
    return leader._reconcilers
