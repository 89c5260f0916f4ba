"""What a kubelet writes about containers, for kwok's pods: how they end, that they run again, that they are ready.

The node-lifecycle controller marks pods unready by its state of their node, which may be seconds old. A live kubelet
corrects that; kwok does not.
"""

import asyncio
import contextlib
from typing import Any, Final

import aiohttp

from campaign import kube, pod_states
from campaign.kube import Eye, Kube, Refusal
from campaign.observer import facts as seen
from campaign.small_nodes import DOWN

Manifest = dict[str, Any]
HEALS: Final = 30
"""Checks of pods that are to run again."""
EVERY_S: Final = 0.3


class Kubelet:
    """For all lanes."""

    def __init__(self, reached: Kube) -> None:
        self._kube = reached
        self._over = False

    def end(self) -> None:
        """Stop after the current write: a cancelled call may leave its socket open."""
        self._over = True

    async def write(self, pod: Manifest, status: Manifest) -> None:
        """Write a part of a pod's status."""
        await self._kube.patch(f"{kube.path(pod)}/status", {"status": status})

    async def follow(self, pods: Eye, nodes: Eye) -> None:
        """Keep every pod on a live node as ready as its containers, until `end`."""
        while not self._over:
            await asyncio.sleep(EVERY_S)
            for one in [pod for pod in pods.every() if pod_states.is_contradicted(pod)]:
                node = nodes.named("", one["spec"].get("nodeName", ""))
                if node is not None and DOWN not in (node["metadata"].get("annotations") or {}):
                    with contextlib.suppress(Refusal, aiohttp.ClientError, TimeoutError):
                        await self._kube.patch(f"{kube.path(one)}/status", pod_states.taken_back(one))

    async def heal(self, namespace: str) -> None:
        """Make every pod ready that may be.

        Pods are listed, not taken from a watch: on a busy machine that learns of a crash seconds later.
        """
        for _ in range(HEALS):
            await asyncio.sleep(EVERY_S)
            found = await self._kube.listed(f"{kube.NAMESPACES}/{namespace}/pods")
            sick = [one for one in found if pod_states.may_be_ready(one) and not _is_well(one)]
            for one in sick:
                with contextlib.suppress(Refusal):
                    await self.write(one, pod_states.running(one))
            if not sick:
                return


def _is_well(pod: Manifest) -> bool:
    return seen.is_ready(pod) or seen.leaves(pod) or seen.ended(pod)
