"""Puts engines to sleep (annotate, let routers drop it, sleep) and wakes them (wake, remove the annotation).

The annotation on the pod is the only state, so a restarted operator continues where the previous one ended. Only an
annotated pod sleeps, so routers never send requests to a sleeping one.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final, NamedTuple

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.children.applier import Applier
from fairlead.controller.interfaces import PodAccess
from fairlead.controller.pods.pod_facts import MergedRouterReport
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.desired_state import EngineKind
from fairlead.objects import labels, pod_engine
from fairlead.planning.sleep_plan import SleepPlan

AT_ONCE_S: Final = 1.0
"""How long one reconcile waits for engines to sleep or wake; what takes longer is left to the next one."""

log = logging.getLogger("fairlead.controller")


class SleepTransition(NamedTuple):
    """A request to sleep or wake that is in flight."""

    wakes: bool
    task: "asyncio.Task[bool]"


class SleepSwitch:
    """The engines that are falling asleep or waking."""

    def __init__(self, pod_access: PodAccess, applier: Applier, at_once_s: float = AT_ONCE_S) -> None:
        self._pod_access = pod_access
        self._at_once_s = at_once_s
        self._applier = applier
        self._turns: dict[str, SleepTransition] = {}

    def forget(self, uid: str) -> None:
        """Drop a deleted pod."""
        turn = self._turns.pop(uid, None)
        if turn is not None:
            turn.task.cancel()

    async def carry_out(
        self, observed: DeploymentSnapshot, plan: SleepPlan, reports: MergedRouterReport, kind: EngineKind
    ) -> bool:
        """Take every engine one step further; return whether any is not done yet."""
        everyone = {pod["metadata"]["name"]: pod for some in observed.pods.values() for pod in some}
        all_report = reports.reporting == len(observed.serving_routers)
        for name in plan.fall:
            await self._applier.note(everyone[name], labels.ASLEEP, labels.FALLING_ASLEEP)
        awake = [name for name in plan.stay if _mark(everyone[name]) != container(everyone[name])]
        turned = await asyncio.gather(
            *(self._wake(everyone[name], kind) for name in plan.wake),
            *(self._sleep(everyone[name], kind, dropped=all_report and is_dropped(name, reports)) for name in awake),
        )
        return bool(plan.fall) or not all(turned)

    async def _sleep(self, pod: Manifest, kind: EngineKind, *, dropped: bool) -> bool:
        ready = dropped and pods.is_ready(pod)
        done = ready and await self._turned(pod, kind, wakes=False)
        if done:
            await self._applier.note(pod, labels.ASLEEP, container(pod))
        return done

    async def _wake(self, pod: Manifest, kind: EngineKind) -> bool:
        """Wake it: a container that was restarted is awake already, and one that is not ready cannot be woken yet."""
        fresh = _mark(pod) not in {labels.FALLING_ASLEEP, container(pod)}
        done = fresh or (pods.is_ready(pod) and await self._turned(pod, kind, wakes=True))
        if done:
            await self._applier.note(pod, labels.ASLEEP, None)
        return done

    async def _turned(self, pod: Manifest, kind: EngineKind, *, wakes: bool) -> bool:
        """Whether it is done; a request in flight is never sent twice, and an opposite one ends first."""
        uid = pod["metadata"]["uid"]
        turn = self._turns.get(uid)
        if turn is None:
            act = self._pod_access.wake if wakes else self._pod_access.sleep
            turn = self._turns[uid] = SleepTransition(wakes=wakes, task=asyncio.ensure_future(_whole(act(pod, kind))))
        await asyncio.wait({turn.task}, timeout=self._at_once_s)
        if not turn.task.done():
            return False
        self._turns.pop(uid, None)
        if not turn.task.result():
            log.warning("pod %s did not %s; retrying", pod["metadata"]["name"], "wake" if turn.wakes else "fall asleep")
        return turn.task.result() and turn.wakes is wakes


def is_dropped(name: str, reports: MergedRouterReport) -> bool:
    """Whether no reporting router sends it requests or has any in flight there."""
    return not reports.routable.get(name, False) and not reports.busy.get(name, 0)


def container(pod: Manifest) -> str:
    """Return the ID of the engine's container, which changes with each restart."""
    found = (pod.get("status") or {}).get("containerStatuses") or ()
    ids = (one.get("containerID") for one in found if one.get("name") == pod_engine.CONTAINER)
    return next((one for one in ids if one), "asleep")


def _mark(pod: Manifest) -> str | None:
    return (pod["metadata"].get("annotations") or {}).get(labels.ASLEEP)


async def _whole(act: Awaitable[bool]) -> bool:
    return await act
