"""What a kubelet writes of containers where kwok pretends it: how they end, that they run again, that they are ready.

The node-lifecycle controller calls pods unready by what it knew of their node, which may be seconds old. A kubelet that
lives takes that back; kwok does not.
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
"""Looks at pods that are to run again."""
EVERY_S: Final = 0.3


class Kubelet:
    """Of all lanes."""

    def __init__(self, reached: Kube) -> None:
        self._kube = reached
        self._over = False

    def end(self) -> None:
        """Nothing is followed any more, once what is being written is: a call that is cut may leave its socket open."""
        self._over = True

    async def write(self, pod: Manifest, status: Manifest) -> None:
        """A part of its status."""
        await self._kube.patch(f"{kube.path(pod)}/status", {"status": status})

    async def follow(self, pods: Eye, nodes: Eye) -> None:
        """Until the end: of nodes that live, every pod is as ready as its containers are."""
        while not self._over:
            await asyncio.sleep(EVERY_S)
            for one in [pod for pod in pods.every() if pod_states.is_contradicted(pod)]:
                node = nodes.named("", one["spec"].get("nodeName", ""))
                if node is not None and DOWN not in (node["metadata"].get("annotations") or {}):
                    with contextlib.suppress(Refusal, aiohttp.ClientError, TimeoutError):
                        await self._kube.patch(f"{kube.path(one)}/status", pod_states.taken_back(one))

    async def heal(self, namespace: str) -> None:
        """Whatever may be ready is.

        Pods are listed, not seen by an eye: on a busy machine an eye learns of a crash seconds after it.
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
