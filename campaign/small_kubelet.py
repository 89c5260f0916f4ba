"""What a kubelet writes of containers where kwok pretends it: how they end, and that they run again."""

import asyncio
import contextlib
from typing import Any, Final

from campaign import kube, pod_states
from campaign.kube import Kube, Refusal
from campaign.observer import facts as seen

Manifest = dict[str, Any]
HEALS: Final = 30
"""Looks at pods that are to run again."""
EVERY_S: Final = 0.3


class Kubelet:
    """Of all lanes."""

    def __init__(self, reached: Kube) -> None:
        self._kube = reached

    async def write(self, pod: Manifest, status: Manifest) -> None:
        """A part of its status."""
        await self._kube.patch(f"{kube.path(pod)}/status", {"status": status})

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
