"""A leader at work on a small fake API server, and what it wrote."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.lease import Leadership, LeaseSettings
from fairlead.controller import reconcilers
from fairlead.controller.autoscaler_presence import AutoscalerPresence
from fairlead.controller.leader_tasks import LeaderTasks
from fairlead.controller.reconcile import ReconcileSettings
from fairlead.controller.reconcilers import ReconcilerAccess, Reconcilers
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.telemetry.operator_metrics import OperatorMetrics
from tests.cluster.fake_api import FakeApi
from tests.controller.pretend import CATALOGUE, PLATFORM

SETTING: Final = ReconcileSettings(context=ReviewContext(catalogue=CATALOGUE), installation=PLATFORM)


def stored(fake: FakeApi, kind: str = "Ready") -> tuple[str, str]:
    """One condition of the deployment, as stored."""
    live = fake.objects.held[(kinds.INFERENCE_DEPLOYMENT.title, "default", "chat")]
    document = {one["type"]: (one["status"], one["reason"]) for one in live.get("status", {}).get("conditions", ())}
    return document.get(kind, ("", ""))


@dataclass(slots=True, kw_only=True)
class Leader:
    """A process that leads; a story may replace what it reconciles with, once it has begun."""

    tasks: LeaderTasks
    leadership: Leadership
    metrics: OperatorMetrics
    made: list[Reconcilers]

    @property
    def reconcilers(self) -> Reconcilers:
        """What it reconciles with."""
        return self.made[0]

    def seen(self, resource: Resource) -> tuple[Manifest, ...]:
        """The objects of a kind that its watch has brought."""
        world = self.tasks.world()
        return world.of(resource).all() if world is not None else ()

    async def reconcile(self, key: ObjectKey) -> ReconcileOutcome:
        """Reconcile once, as its queue does."""
        return await self.tasks.queue.work(key)


@asynccontextmanager
async def leading(fake: FakeApi, *, alone: bool = False) -> AsyncIterator[Leader]:
    """A leader at work; `alone`: autoscalers run in pods of their own, and none is there."""
    metrics, made = OperatorMetrics(), list[Reconcilers]()

    def make(setting: ReconcileSettings, access: ReconcilerAccess) -> Reconcilers:
        made.append(reconcilers.made(setting, access))
        return made[0]

    async with fake.connected() as connection:
        api = ApiServer(connection)
        lease = LeaseSettings(namespace="fairlead-system", name="fairlead", identity="me")
        leadership = Leadership(api, lease, random.Random(7))  # noqa: S311  # jitter
        await leadership.acquire()
        tasks = LeaderTasks(api, leadership, SETTING, metrics, make)
        if alone:
            tasks.presence = AutoscalerPresence(api, "fairlead-system")
        working = asyncio.create_task(tasks.run((), "me"))
        try:
            yield Leader(tasks=tasks, leadership=leadership, metrics=metrics, made=made)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
