"""Watches the state of one model, and runs the commands that show it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from demo import load
from devcluster.door import DoorClosed, Embedded

ROOT: Final = Path(__file__).resolve().parents[1]
NAMESPACE: Final = "default"
POLL_EACH_S: Final = 0.5
TIMEOUT_S: Final = 420.0
"""With other load, a start of a real engine takes minutes on a small machine."""
ADDRESS_S: Final = 60.0
COMMAND_S: Final = 240.0
"""Real engines and many clients leave little of two cores for anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The state at one moment."""

    recommended: int | None
    """None before the first decision."""
    ready: int
    pods: int
    message: str
    rolled_out: bool
    """Whether the current spec serves, and nothing older is left."""

    def stands_at(self, replicas: int) -> bool:
        """Whether this many are recommended, and exactly these run and are ready."""
        return (self.recommended, self.pods, self.ready) == (replicas, replicas, replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedModel:
    """Watches one model."""

    cluster: Embedded
    name: str
    address: str

    @classmethod
    def at(cls, cluster: Embedded, name: str) -> Self:
        """Open a port to its routers, and wait until one answers there."""
        address = cluster.expose(NAMESPACE, f"{name}-router", 80)
        ends = time.monotonic() + ADDRESS_S
        while not load.answers(address):
            if time.monotonic() > ends:
                raise DoorClosed(
                    f"{name}: its routers are ready, but none answers at {address} within {ADDRESS_S:.0f} s"
                )
            time.sleep(POLL_EACH_S)
        return cls(cluster=cluster, name=name, address=address)

    def observe(self) -> Moment:
        """Read its current state."""
        found = json.loads(self.cluster.kubectl("get", "infd", self.name, "-o", "json"))
        status: dict[str, Any] = found.get("status", {})
        scaling = status.get("scaling", {})
        document = {one["type"]: one for one in status.get("conditions", ())}
        current = status.get("observedGeneration") == found["metadata"]["generation"]
        complete = document.get("Progressing", {}).get("reason") == "Complete"
        return Moment(
            recommended=scaling.get("recommended"),
            ready=status.get("readyReplicas") or 0,
            pods=status.get("replicas") or 0,
            message=scaling.get("message", ""),
            rolled_out=bool(current and complete and len(status.get("revisions", ())) == 1),
        )

    def follow(self, until: Callable[[Moment], bool], what: str) -> Iterator[Moment]:
        """Yield every change until the condition holds; raises `DoorClosed` with the last state on a time-out."""
        ends = time.monotonic() + TIMEOUT_S
        last: Moment | None = None
        while True:
            seen = self.observe()
            if seen != last:
                yield seen
            if until(seen):
                return
            if time.monotonic() > ends:
                raise DoorClosed(f"{self.name}: {what}: not after {TIMEOUT_S:.0f} s; last seen: {seen}")
            last = seen
            time.sleep(POLL_EACH_S)

    def command(self, *words: str) -> str:
        """Run `fairlead …` as a person would type it."""
        env = os.environ | {"KUBECONFIG": str(self.cluster.kubeconfig), "PYTHONPATH": str(ROOT / "operator")}
        whole = [sys.executable, "-m", "fairlead", *words]
        ran = subprocess.run(whole, check=False, capture_output=True, text=True, env=env, timeout=COMMAND_S)
        return (ran.stdout + ran.stderr).rstrip()
