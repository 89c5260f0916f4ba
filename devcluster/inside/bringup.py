"""Brings a cluster up in stages, each with its own readiness check."""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from devcluster.inside.keeper import Keeper
from devcluster.inside.kubectl import Kubectl, Refused
from devcluster.layout import MARKER, Layout
from devcluster.members import control_plane, settle, worker
from devcluster.members.component import Component, Stage
from devcluster.members.control_plane import Ports
from devcluster.plan import DNS_ADDRESS, Plan

TIMEOUT_S: Final = 90.0
"""Time limit of one stage; ten times what it takes on two idle cores."""
PAUSE_S: Final = 0.1
REGISTERING_S: Final = 30
"""Seconds after a kubelet's start during which its node is checked for lost GPUs."""
HANDED_ON: Final = ("PATH", "HOME", "LANG", "PYTHONPATH", "FAIRLEAD_LANE")
"""Environment variables passed to every component; the last one names the `make test` lane of the cluster."""


class FailedStart(Exception):
    """A component died or did not answer during the start; the message names it."""


class BringUp:
    """Starts a plan's components stage by stage."""

    def __init__(self, layout: Layout, binaries: Path, ports: Ports, keeper: Keeper) -> None:
        self.plan: Plan = layout.plan()
        self._layout = layout
        self._binaries = binaries
        self._ports = ports
        self._keeper = keeper
        self.kubectl = Kubectl(binaries / "kubectl", layout.inner_kubeconfig)

    async def run(self, doing: Callable[[str], None]) -> None:
        """Run all stages; `FailedStart` names what did not come up."""
        components = (
            *control_plane.components(self.plan, self._layout, self._binaries, self._ports),
            *worker.components(self.plan, self._layout, self._binaries),
        )
        checks: dict[Stage, Callable[[], Awaitable[bool]]] = {
            Stage.STORE: self._stores_answer,
            Stage.API: self._api_is_ready,
            Stage.MEMBERS: self._members_are_ready,
        }
        for stage, check in checks.items():
            starting = [component for component in components if component.stage is stage]
            doing(", ".join(component.name for component in starting) or "the API's own objects")
            for component in starting:
                self._keeper.start(component, self._wrapper())
            await self._until(check, starting)
            if stage is Stage.STORE:
                await self._load_pause()
            if stage is Stage.API and not self.plan.light:
                await self.kubectl("apply", "--server-side", "-f", "-", text=json.dumps(settle.RIGHTS))

    async def keep_gpus(self) -> None:
        """Restore a node's GPUs after a restart of its kubelet, for as long as the cluster runs."""
        settled = self._kubelet_starts()
        while True:
            await asyncio.sleep(1.0)
            if self._kubelet_starts() == settled:
                continue
            settled = self._kubelet_starts()
            for _ in range(REGISTERING_S):
                await asyncio.sleep(1.0)
                # A refusal: the API server is restarting; the next round retries.
                with contextlib.suppress(Refused):
                    await self._settle_nodes()

    def _kubelet_starts(self) -> int:
        kept = self._keeper.kept
        return sum(kept[f"kubelet-{node.name}"].starts for node in self.plan.nodes)

    def _wrapper(self) -> tuple[str, ...]:
        """In light mode only the parent-death signal ends the children."""
        return ("setpriv", "--pdeathsig", "KILL", "--") if self.plan.light else ()

    async def _until(self, check: Callable[[], Awaitable[bool]], starting: list[Component]) -> None:
        began = time.monotonic()
        while not await check():
            if self._keeper.lasting:
                raise FailedStart(self._keeper.lasting[0].sentence())
            if time.monotonic() - began > TIMEOUT_S:
                names = ", ".join(component.name for component in starting)
                raise FailedStart(f"no answer within {TIMEOUT_S:.0f} s from {names}; logs: {self._layout.logs}")
            await asyncio.sleep(PAUSE_S)

    async def _stores_answer(self) -> bool:
        runtimes = [Path(worker.socket(node)) for node in self.plan.nodes]
        return await _listens("127.0.0.1", self._ports.etcd) and all(path.exists() for path in runtimes)

    async def _api_is_ready(self) -> bool:
        if not await _listens("127.0.0.1", self._ports.api):
            return False
        try:
            await self.kubectl("get", "--raw", "/readyz")
        except Refused:
            return False
        return True

    async def _members_are_ready(self) -> bool:
        if self.plan.light:
            return bool(await self.kubectl.objects("namespaces"))
        if not await _listens(DNS_ADDRESS, 53):
            return False
        if not await self.kubectl.objects("serviceaccounts", "--namespace=default"):
            return False
        return await self._settle_nodes()

    async def _settle_nodes(self) -> bool:
        """Give each registered node its labels and GPUs; return whether all are ready."""
        seen = {_name(node): node for node in await self.kubectl.objects("nodes")}
        ready = True
        for node in self.plan.nodes:
            registered = seen.get(node.name)
            if registered is not None and not settle.has_gpus(node, registered):
                await self.kubectl("patch", "node", node.name, "--type=merge", "-p", settle.labels(node))
                patch = ("--subresource=status", "--type=merge", "-p", settle.capacity(node))
                await self.kubectl("patch", "node", node.name, *patch)
                ready = False
            ready = ready and registered is not None and settle.is_ready(registered)
        return ready

    async def _load_pause(self) -> None:
        archive = self._layout.etc / "pause.tar"
        for node in self.plan.nodes:
            loading = await asyncio.create_subprocess_exec(
                *worker.import_command(self._binaries, node, archive),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            answer, _ = await loading.communicate()
            if loading.returncode != 0:
                raise FailedStart(f"{node.name} did not take the pause image: {answer.decode(errors='replace')}")


def environment(layout: Layout) -> dict[str, str]:
    """The components' environment: paths of programs, and a temporary folder that is removed with the cluster."""
    temporary = layout.root / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    kept = {key: os.environ[key] for key in HANDED_ON if key in os.environ}
    return {**kept, "TMPDIR": str(temporary), MARKER: str(layout.root)}


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def _name(seen: dict[str, object]) -> str:
    metadata = seen["metadata"]
    if not isinstance(metadata, dict):
        raise TypeError(f"an object without metadata: {seen}")
    return str(metadata["name"])
