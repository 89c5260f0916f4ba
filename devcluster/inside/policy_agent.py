"""Enforces a cluster's NetworkPolicies: `python -m devcluster.inside.policy_agent KUBECTL KUBECONFIG`.

One for all nodes, as they share a network namespace. It watches with kubectl, and replaces the nftables table whenever
the resulting rules change.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

from devcluster.inside.kubectl import Kubectl
from devcluster.members import network_policies

KINDS: Final = ("namespaces", "pods", "networkpolicies")
AGAIN_S: Final = 0.3
"""A watch ends with its API server; the next one begins with all objects."""
TOGETHER_S: Final = 0.03
"""Changes come in bursts; one table for each burst."""


class PolicyAgent:
    """The objects as last received, and the rules last given to nftables."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self._objects: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        self._seen: set[str] = set()
        self._changed = asyncio.Event()
        self._applied = ""

    async def run(self) -> None:
        """Run until it is ended."""
        async with asyncio.TaskGroup() as tasks:
            for kind in KINDS:
                tasks.create_task(self._follow(kind))
            tasks.create_task(self._enforce())

    async def _follow(self, kind: str) -> None:
        while True:
            async for event in self._kubectl.watch(kind, "--all-namespaces"):
                self._take(kind, event)
            self._seen.discard(kind)
            await asyncio.sleep(AGAIN_S)

    def _take(self, kind: str, event: dict[str, Any]) -> None:
        found = event["object"]
        if kind not in self._seen:
            self._seen.add(kind)
            self._objects[kind].clear()
        if event["type"] == "DELETED":
            self._objects[kind].pop(found["metadata"]["uid"], None)
        else:
            self._objects[kind][found["metadata"]["uid"]] = found
        self._changed.set()

    async def _enforce(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(TOGETHER_S)
            self._changed.clear()
            rules = self._rules()
            if rules != self._applied and "pods" in self._seen:
                await _give(rules)
                self._applied = rules

    def _rules(self) -> str:
        labels = {
            one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in self._objects["namespaces"].values()
        }
        pods = list(self._objects["pods"].values())
        return network_policies.ruleset(self._objects["networkpolicies"].values(), pods, labels)


async def _give(rules: str) -> None:
    nft = await asyncio.create_subprocess_exec("nft", "-f", "-", stdin=asyncio.subprocess.PIPE)
    await nft.communicate(rules.encode())
    if nft.returncode != 0:
        raise RuntimeError(f"nftables refused these rules:\n{rules}")


def main() -> int:
    """Run for as long as the cluster does."""
    asyncio.run(PolicyAgent(Kubectl(Path(sys.argv[1]), Path(sys.argv[2]))).run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
