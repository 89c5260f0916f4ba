"""Whether an operator leads: without a leader no status can be current; too long without one is a violation."""

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
"""For a new leader to reconcile everything once."""
LONGEST_S: Final = 120.0
"""Without a leader, whatever the faults."""
LEASE: Final = "fairlead-controller"


class Leadership:
    """The Lease, observed from outside."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{LEASE}"
        self._holder = ""
        self._led_at = time.monotonic()
        self.until = 0.0
        """When the last change of leaders is over, by the monotonic clock."""

    @property
    def complaint(self) -> str:
        """Empty if an operator leads, or led a moment ago."""
        away = time.monotonic() - self._led_at
        return f"no operator has led for {away:.0f} s" if away > LONGEST_S else ""

    async def follow(self) -> None:
        """Poll until cancelled."""
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
    """The holder, if it renewed a moment ago."""
    spec = lease.get("spec")
    document = spec if isinstance(spec, dict) else {}
    renewed = datetime.fromisoformat(str(document.get("renewTime")))
    fresh = (datetime.now(UTC) - renewed).total_seconds() < FRESH_S
    return str(document.get("holderIdentity") or "") if fresh else ""
