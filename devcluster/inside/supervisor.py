"""The process that is a cluster: brings it up, keeps it running, reports its state, opens ports into it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Final

from devcluster import processes
from devcluster.inside import bringup
from devcluster.inside.bringup import BringUp, FailedStart
from devcluster.inside.forwarder import Forwarder
from devcluster.inside.keeper import Keeper
from devcluster.inside.kubectl import Refused
from devcluster.layout import Layout
from devcluster.members.control_plane import Ports

LONGEST_REQUEST: Final = 1 << 20


class Supervisor:
    """One cluster's life, from the first component until it is stopped."""

    def __init__(self, layout: Layout, host_network: int | None) -> None:
        settings = json.loads((layout.etc / "supervisor.json").read_text())
        self._layout = layout
        self._ports = Ports(**settings["ports"])
        self._keeper = Keeper(layout, bringup.environment(layout), self._publish)
        self._bring_up = BringUp(layout, Path(settings["binaries"]), self._ports, self._keeper)
        self._forwarder = None if host_network is None else Forwarder(host_network)
        self._phase = "starting"
        self._doing = ""
        self._failure = ""
        self._api_port = self._ports.api
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Run until stopped, or until the start has failed."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._stop.set)
        try:
            await self._start()
        except (FailedStart, Refused, OSError) as failure:
            self._phase, self._failure = "failed", str(failure)
            self._publish()
        else:
            keeping = asyncio.create_task(self._bring_up.keep_gpus())
            await self._stop.wait()
            keeping.cancel()
        await self._keeper.close()

    async def _start(self) -> None:
        if self._forwarder is not None:
            self._api_port = await self._forwarder.open((self._bring_up.plan.host, self._ports.api))
        self._publish()
        await self._bring_up.run(self._now_doing)
        # Relative to this folder: a socket's path is limited to 107 bytes.
        os.chdir(self._layout.root)
        await asyncio.start_unix_server(self._answer, path=self._layout.control.name, limit=LONGEST_REQUEST)
        self._phase = "ready"
        self._publish()

    def _now_doing(self, what: str) -> None:
        self._doing = what
        self._publish()

    def _publish(self) -> None:
        """Write the cluster's state atomically, where everyone may read it."""
        document = {
            "phase": self._phase,
            "doing": self._doing,
            "failure": self._failure,
            "api_port": self._api_port,
            **self._keeper.as_json(),
        }
        fresh = self._layout.status.with_suffix(".fresh")
        fresh.write_text(json.dumps(document))
        fresh.replace(self._layout.status)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request per connection: a line of JSON in, a line of JSON out."""
        with contextlib.suppress(ConnectionError):
            document = json.loads(await reader.readline())
            try:
                answer = await self._do(document)
            except (Refused, OSError, KeyError, ValueError) as problem:
                answer = {"error": f"{type(problem).__name__}: {problem}"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _do(self, texts: dict[str, str]) -> dict[str, object]:
        match texts["op"]:
            case "answer":
                return {"phase": self._phase}
            case "expose":
                return {"port": await self._expose(texts)}
            case "kill":
                return self._kill(texts["component"], int(texts["signal"]))
            case other:
                raise ValueError(f"no such request: {other}")

    async def _expose(self, texts: dict[str, str]) -> int:
        if self._forwarder is None:
            raise ValueError("a light cluster has no Services that answer; it has no nodes")
        name, namespace = texts["service"], texts["namespace"]
        (service,) = await self._bring_up.kubectl.objects("service", name, f"--namespace={namespace}")
        spec = service["spec"]
        address = spec.get("clusterIP") if isinstance(spec, dict) else None
        if address in (None, "None", ""):
            raise ValueError(f"Service {namespace}/{name} has no cluster address; only such Services have a door")
        return await self._forwarder.open((str(address), int(texts["port"])), int(texts.get("listen", 0)))

    def _kill(self, component: str, sign: int) -> dict[str, object]:
        kept = self._keeper.kept.get(component)
        if kept is None or kept.pid is None:
            raise ValueError(f"{component} does not run; components: {', '.join(self._keeper.kept)}")
        os.kill(kept.pid, sign)
        return {"killed": component, "pid": kept.pid}


def record(layout: Layout) -> None:
    """Record this process's id as the machine sees it; must be called before /proc is replaced."""
    mine = int(str(Path("/proc/self").readlink()))
    identity = processes.identify(mine)
    fresh = layout.supervisor.with_suffix(".fresh")
    fresh.write_text(json.dumps(identity))
    fresh.replace(layout.supervisor)  # atomic: readers take an incomplete file for a dead supervisor


async def supervise(layout: Layout, host_network: int | None) -> None:
    """Run a supervisor for the cluster in this folder."""
    await Supervisor(layout, host_network).run()


def main() -> int:
    """`python -m devcluster.inside.supervisor FOLDER`: a light cluster, in the caller's own namespaces."""
    layout = Layout(Path(sys.argv[1]))
    record(layout)
    asyncio.run(supervise(layout, None))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
