"""Breaks and mends real nodes, emulated engines, the operator and the API server, in the world on nodes."""

import asyncio
import contextlib
import time
from typing import Any, Final

import aiohttp

from campaign import kube
from campaign.kube import Kube, Refusal
from campaign.meddling import Meddler
from campaign.moves import Api, EngineDeed, Node, NodeDeed, Operator, OperatorDeed
from campaign.observer import facts as seen
from campaign.world import Lane
from devcluster.door import Embedded
from tests.node.operator_stage import NAMESPACE as HOME
from tests.node.operator_stage import Operator as Release

Manifest = dict[str, Any]

AFTERWARDS_S: Final = 20.0
TAINT: Final = {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}
ORDERS: Final[dict[EngineDeed, Manifest]] = {
    EngineDeed.CRASH: {"fault": "crash", "tokens": 5},
    EngineDeed.HANG: {"fault": "hang"},
    EngineDeed.MUTE: {"fault": "no-tokens"},
    EngineDeed.CUT: {"fault": "cut-stream", "tokens": 3},
    EngineDeed.SLOW: {"fault": "slow-step", "factor": 4},
    EngineDeed.METRICS_NAN: {"fault": "metrics-nan"},
    EngineDeed.METRICS_FROZEN: {"fault": "metrics-frozen"},
    EngineDeed.METRICS_HUGE: {"fault": "metrics-negative"},
}
HARMLESS: Final = frozenset(
    {EngineDeed.SLOW, EngineDeed.METRICS_NAN, EngineDeed.METRICS_FROZEN, EngineDeed.METRICS_HUGE}
)


class Breaker:
    """Causes every fault that is no user's action."""

    def __init__(self, reached: Kube, release: Release, meddler: Meddler) -> None:
        assert isinstance(release.door, Embedded)
        self.until = 0.0
        """When the last cluster-wide fault is over, by the monotonic clock; far in the future while it lasts."""
        self._kube = reached
        self._release = release
        self._door = release.door
        self._meddler = meddler

    async def node(self, lane: Lane, move: Node, name: str) -> None:
        """Cordon, drain or taint a node, kill its kubelet, or heal it."""
        path = f"/api/v1/nodes/{name}"
        match move.deed:
            case NodeDeed.HEAL:
                await self._kube.patch(path, {"spec": {"unschedulable": False, "taints": None}})
            case NodeDeed.DISK_PRESSURE:
                await self._kube.patch(path, {"spec": {"taints": [TAINT]}})
            case NodeDeed.CORDON | NodeDeed.DRAIN:
                await self._kube.patch(path, {"spec": {"unschedulable": True}})
                if move.deed is NodeDeed.DRAIN:
                    await self._meddler.drain(lane, name)
            case NodeDeed.NOT_READY | NodeDeed.GPUS_VANISH:
                await asyncio.to_thread(self._door.kill, f"kubelet-{name}")

    async def weather(self, move: Api | Operator) -> None:
        """Restart the API server or the operator; either takes seconds."""
        self.until = time.monotonic() + 3600.0
        try:
            match move:
                case Operator(deed=OperatorDeed.KILL):
                    await self._kill_operator()
                case Operator():
                    await asyncio.to_thread(self._release.delete_pods)
                case _:
                    await asyncio.to_thread(self._door.kill, "kube-apiserver")
            await asyncio.sleep(3.0)
        finally:
            self.until = time.monotonic() + AFTERWARDS_S

    async def _kill_operator(self) -> None:
        found = await self._kube.listed(f"/api/v1/namespaces/{HOME}/pods", "app.kubernetes.io/name=fairlead")
        for one in found:
            await self._kube.delete(kube.path(one), {"gracePeriodSeconds": 0})

    async def order(self, pod: Manifest, order: Manifest) -> None:
        """Send a fault to the emulated engine."""
        await self._kube.once("POST", f"{kube.path(pod)}:8000/proxy/fairlead/v1/faults", order)

    async def attempt(self, pod: Manifest, order: Manifest) -> str:
        """Send a fault; return why it failed if a restarting API server cut it off."""
        try:
            await self.order(pod, order)
        except (TimeoutError, aiohttp.ClientError) as problem:
            return f"the API server was away: {type(problem).__name__}"
        return ""

    async def undo(self, pod: Manifest) -> None:
        """Clear a pod's fault; a hung engine does not receive that, so its pod is deleted."""
        try:
            async with asyncio.timeout(3.0):
                await self.order(pod, {"fault": ""})
        except (Refusal, TimeoutError, aiohttp.ClientError):
            if not seen.is_ready(pod) and not seen.crashed(pod):
                return
            with contextlib.suppress(Refusal):
                await self._kube.delete(kube.path(pod))
