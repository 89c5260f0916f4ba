"""What any user may do to a lane through the API server, in any world: to pods, routers and children."""

import asyncio
import contextlib
import time
from typing import Any

from campaign import kube, lanes
from campaign.kube import Eye, Kube, Refusal
from campaign.moves import Child, ChildDeed, Pod, PodDeed, Router, RouterDeed
from campaign.observer import facts as seen
from campaign.world import Lane

Manifest = dict[str, Any]
DRAIN_S = 5.0


class Meddler:
    """Changes made by neither the operator nor the deployment's owner."""

    def __init__(self, reached: Kube, pods: Eye, deployments: Eye) -> None:
        self._kube = reached
        self._pods = pods
        self._deployments = deployments

    def one(self, lane: Lane, role: str, place: int) -> Manifest | None:
        """The pod of a role at this position, modulo their number."""
        words = {seen.OF: lane.name, seen.ROLE: role}
        found = [
            one
            for one in self._pods.of(lane.namespace)
            if words.items() <= (one["metadata"].get("labels") or {}).items() and not seen.leaves(one)
        ]
        found.sort(key=lambda one: str(one["metadata"]["name"]))
        return found[place % len(found)] if found else None

    async def pod(self, lane: Lane, move: Pod) -> str:
        """Delete an engine's pod, or remove its labels."""
        pod = self.one(lane, "engine", move.place)
        if pod is None:
            return "no engine runs"
        match move.deed:
            case PodDeed.DELETE:
                await self._kube.delete(kube.path(pod))
            case PodDeed.EVICT:
                await self._evict(pod)
            case PodDeed.STRIP_LABELS:
                await self._kube.patch(kube.path(pod), {"metadata": {"labels": None}})
        return ""

    async def router(self, lane: Lane, move: Router) -> str:
        """Delete a router's pod, with or without a grace period."""
        pod = self.one(lane, "router", move.place)
        if pod is None:
            return "no router runs"
        grace: Manifest = {"gracePeriodSeconds": 0} if move.deed is RouterDeed.KILL else {}
        await self._kube.delete(kube.path(pod), grace or None)
        return ""

    async def drain(self, lane: Lane, host: str) -> None:
        """Evict like kubectl: repeatedly for some seconds; a pod without a controller stays."""
        until = time.monotonic() + DRAIN_S
        while time.monotonic() < until:
            mine = [one for one in self._pods.of(lane.namespace) if one["spec"].get("nodeName") == host]
            ours = [one for one in mine if one["metadata"].get("ownerReferences") and not seen.leaves(one)]
            if not ours:
                return
            for one in ours:
                with contextlib.suppress(Refusal):
                    await self._evict(one)
            await asyncio.sleep(0.5)

    async def child(self, lane: Lane, move: Child) -> str:
        """Delete a child, or change it."""
        core, apps = f"/api/v1/namespaces/{lane.namespace}", f"/apis/apps/v1/namespaces/{lane.namespace}/deployments"
        rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{lane.namespace}/rolebindings"
        router = f"{lane.name}-router"
        engines = [one for one in self._deployments.of(lane.namespace) if one["metadata"]["name"] != router]
        match move.deed:
            case ChildDeed.DELETE_ENGINES | ChildDeed.SCALE_ENGINES if not engines:
                return "there are no engines"
            case ChildDeed.DELETE_ENGINES:
                await self._kube.delete(f"{apps}/{engines[0]['metadata']['name']}")
            case ChildDeed.SCALE_ENGINES:
                await self._kube.patch(f"{apps}/{engines[0]['metadata']['name']}", {"spec": {"replicas": 0}})
            case ChildDeed.DELETE_ROUTERS:
                await self._kube.delete(f"{apps}/{router}")
            case ChildDeed.EDIT_SERVICE:
                await self._kube.patch(f"{core}/services/{router}", {"spec": {"selector": {"app": "shop"}}})
            case ChildDeed.DELETE_SERVICE:
                await self._kube.delete(f"{core}/services/{router}")
            case ChildDeed.DELETE_CONFIG:
                await self._kube.delete(f"{core}/configmaps/{router}")
            case ChildDeed.DELETE_RIGHTS:
                await self._kube.delete(f"{rights}/{router}")
        return ""

    async def take_orphans(self, lane: Lane) -> None:
        """Delete orphans, except the stranger."""
        for one in lanes.orphans(self._pods, lane):
            await self._kube.delete(kube.path(one))

    async def _evict(self, pod: Manifest) -> None:
        head = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
        document = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": head}
        await self._kube.post(f"{kube.path(pod)}/eviction", document)
