"""What happens to kwok's nodes: cordoned, silent, without GPUs, with a full disk, and healthy again."""

from typing import Any, Final

from campaign.kube import Kube
from campaign.moves import Node, NodeDeed
from campaign.observer.facts import GPU
from campaign.world import Lane

Manifest = dict[str, Any]
DOWN: Final = "campaign/down"
"""An annotation that keeps kwok from marking a node ready."""


class Nodes:
    """Breaks and mends nodes."""

    def __init__(self, kube: Kube, gpus: int) -> None:
        self._kube = kube
        self._gpus = gpus
        self._broken: dict[str, set[NodeDeed]] = {}

    async def perform(self, lane: Lane, move: Node) -> None:
        """Apply one move to the node at this position, modulo their number."""
        name = lane.nodes[move.place % len(lane.nodes)]
        if move.deed is NodeDeed.HEAL:
            await self._heal(name)
            return
        self._broken.setdefault(name, set()).add(move.deed)
        match move.deed:
            case NodeDeed.CORDON | NodeDeed.DRAIN:
                await self._kube.patch(_path(name), {"spec": {"unschedulable": True}})
            case NodeDeed.NOT_READY:
                await self._kube.patch(_path(name), {"metadata": {"annotations": {DOWN: "yes"}}})
                await self._set_condition(name, "Ready", "False")
            case NodeDeed.GPUS_VANISH:
                await self._kube.patch(f"{_path(name)}/status", {"status": {"allocatable": {GPU: "0"}}})
            case NodeDeed.DISK_PRESSURE:
                await self._set_condition(name, "DiskPressure", "True")

    async def _heal(self, name: str) -> None:
        """Undo only what was broken."""
        for deed in self._broken.pop(name, set()):
            match deed:
                case NodeDeed.CORDON | NodeDeed.DRAIN:
                    await self._kube.patch(_path(name), {"spec": {"unschedulable": False}})
                case NodeDeed.NOT_READY:
                    await self._kube.patch(_path(name), {"metadata": {"annotations": {DOWN: None}}})
                    await self._set_condition(name, "Ready", "True")
                case NodeDeed.GPUS_VANISH:
                    amounts = {"allocatable": {GPU: str(self._gpus)}}
                    await self._kube.patch(f"{_path(name)}/status", {"status": amounts})
                case NodeDeed.DISK_PRESSURE:
                    await self._set_condition(name, "DiskPressure", "False")

    async def _set_condition(self, name: str, kind: str, word: str) -> None:
        node = await self._kube.get(_path(name)) or {}
        entries = [one for one in node["status"].get("conditions", ()) if one["type"] != kind]
        entries.append({"type": kind, "status": word, "reason": "Campaign", "message": "by a campaign"})
        await self._kube.patch(f"{_path(name)}/status", {"status": {"conditions": entries}})


def _path(name: str) -> str:
    return f"/api/v1/nodes/{name}"
