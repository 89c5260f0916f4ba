"""Whether an operator leads: while none does, nothing that is said can be of now; how long none may is an oracle."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Final

import aiohttp

from campaign.kube import Kube, Refusal

EVERY_S: Final = 2.0
FRESH_S: Final = 6.0
"""A leader renews every few seconds."""
AFTERWARDS_S: Final = 15.0
"""For a new one to look at everything once."""
LONGEST_S: Final = 120.0
"""Without a leader, whatever happened."""
LEASE: Final = "fairlead-controller"


class Leadership:
    """The Lease, looked at from outside."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{LEASE}"
        self._holder = ""
        self._led_at = time.monotonic()
        self.until = 0.0
        """When a change of leaders is over, by the monotonic clock."""

    @property
    def complaint(self) -> str:
        """Empty where somebody leads, or did a moment ago."""
        away = time.monotonic() - self._led_at
        return f"no operator has led for {away:.0f} s" if away > LONGEST_S else ""

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            holder = ""
            with contextlib.suppress(Refusal, TimeoutError, aiohttp.ClientError, ValueError):
                holder = _holder(await self._kube.once("GET", self._path))
            if holder:
                self._led_at = time.monotonic()
            if not holder or holder != self._holder:
                self.until = time.monotonic() + AFTERWARDS_S
            self._holder = holder
            await asyncio.sleep(EVERY_S)


def _holder(lease: dict[str, object]) -> str:
    """Who renewed it a moment ago."""
    spec = lease.get("spec")
    document = spec if isinstance(spec, dict) else {}
    renewed = datetime.fromisoformat(str(document.get("renewTime")))
    fresh = (datetime.now(UTC) - renewed).total_seconds() < FRESH_S
    return str(document.get("holderIdentity") or "") if fresh else ""
