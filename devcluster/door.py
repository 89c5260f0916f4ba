"""The programmatic interface to a cluster: the same for the embedded one and for an existing one.

Tests and the demo take a `Door` without asking which it is; only `Embedded` has what the embedded one alone can do.
"""

import json
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from devcluster import progress
from devcluster.cache import Cache
from devcluster.layout import Layout
from devcluster.members import worker
from devcluster.setup import programs


class DoorClosed(Exception):
    """The cluster, or the requested object, is not available; the message has the cluster's words."""


class Door(Protocol):
    """What every cluster provides."""

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig for clients."""

    def kubectl(self, *words: str, text: str | None = None) -> str:
        """Run kubectl; raises `DoorClosed` with its message on failure."""

    def expose(self, namespace: str, service: str, port: int) -> str:
        """Open a port on 127.0.0.1 that leads to a Service."""

    def load(self, archive: Path) -> None:
        """Import an image archive on every node."""

    def close(self) -> None:
        """End what this door started on the machine; the cluster keeps running."""


class Embedded:
    """The cluster that devcluster runs on this machine."""

    def __init__(self, layout: Layout) -> None:
        if not layout.kubeconfig.exists():
            raise DoorClosed(f"cluster {layout.name} is not up; start it: `make cluster`")
        self._layout = layout
        settings = json.loads((layout.etc / "supervisor.json").read_text())
        self.programs = Path(settings["binaries"])

    @property
    def kubeconfig(self) -> Path:
        return self._layout.kubeconfig

    def kubectl(self, *words: str, text: str | None = None) -> str:
        return run_kubectl(self.programs / "kubectl", self.kubeconfig, words, text)

    def expose(self, namespace: str, service: str, port: int) -> str:
        texts = {"op": "expose", "namespace": namespace, "service": service, "port": str(port)}
        return f"127.0.0.1:{self._request(texts)['port']}"

    def load(self, archive: Path) -> None:
        nodes = self._layout.plan().nodes
        with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
            list(pool.map(lambda node: self.inside(*worker.import_command(self.programs, node, archive)), nodes))

    def load_large(self, archive: Path, name: str) -> None:
        """Import an archive of gigabytes on one node, which then keeps it only unpacked: its images lie in memory.

        After a restart, a runtime would not find an image without its packed layers.
        """
        node = next(one for one in self._layout.plan().nodes if one.name == name)
        self.inside(*worker.import_command(self.programs, node, archive))
        self.inside(*worker.drop_packed_command(self.programs, node))

    def close(self) -> None:
        """Do nothing: the supervisor owns its ports."""

    def inside(self, *words: str) -> str:
        """Run a program in the cluster's namespaces: its mounts, network and processes."""
        supervisor = json.loads(self._layout.supervisor.read_text())
        entered = ["nsenter", f"--target={supervisor['pid']}", "--mount", "--net", "--pid", "--", *words]
        ran = subprocess.run(entered, check=False, capture_output=True, text=True)
        if ran.returncode != 0:
            raise DoorClosed(f"`{' '.join(words[:6])}` in {self._layout.name}: {ran.stdout}{ran.stderr}".strip())
        return ran.stdout

    def kill(self, component: str, sign: signal.Signals = signal.SIGKILL) -> None:
        """Send a component a signal, to test how the cluster handles its death."""
        self._request({"op": "kill", "component": component, "signal": str(int(sign))})

    def answers(self) -> bool:
        """Whether the supervisor answers."""
        try:
            return bool(self._request({"op": "answer"}))
        except DoorClosed:
            return False

    def report(self) -> dict[str, object]:
        """The supervisor's last report on itself and its components."""
        return dict(json.loads(self._layout.status.read_text()))

    def ends_of_logs(self) -> list[tuple[str, str]]:
        """Each component's name and its last lines of log."""
        return [(log.stem, progress.tail(log)) for log in sorted(self._layout.logs.glob("*.log"))]

    def _request(self, texts: dict[str, str]) -> dict[str, object]:
        """Send one line to the supervisor, return its answer; through the folder, as a socket's path must be short."""
        folder = os.open(self._layout.root, os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(30)
                line.connect(f"/proc/self/fd/{folder}/{self._layout.control.name}")
                line.sendall(json.dumps(texts).encode() + b"\n")
                with line.makefile() as reading:
                    answer = json.loads(reading.readline())
        except (OSError, ValueError) as problem:
            raise DoorClosed(f"the supervisor of {self._layout.name} does not answer: {problem}") from problem
        finally:
            os.close(folder)
        if "error" in answer:
            raise DoorClosed(str(answer["error"]))
        return dict(answer)


class Existing:
    """A cluster that is run elsewhere: kind, minikube, or a real one."""

    def __init__(self, kubeconfig: Path, kubectl: Path) -> None:
        self._kubeconfig = kubeconfig
        self._program = kubectl
        self._forwards: list[subprocess.Popen[str]] = []
        self.kubectl("get", "--raw", "/readyz")

    @property
    def kubeconfig(self) -> Path:
        return self._kubeconfig

    def kubectl(self, *words: str, text: str | None = None) -> str:
        return run_kubectl(self._program, self._kubeconfig, words, text)

    def expose(self, namespace: str, service: str, port: int) -> str:
        words = ["port-forward", f"--namespace={namespace}", f"service/{service}", f":{port}"]
        forward = subprocess.Popen(
            [str(self._program), f"--kubeconfig={self._kubeconfig}", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._forwards.append(forward)
        line = forward.stdout.readline() if forward.stdout is not None else ""
        if "127.0.0.1:" not in line:
            raise DoorClosed(f"no door to {namespace}/{service}:{port}: {line.strip()}")
        return "127.0.0.1:" + line.split("127.0.0.1:")[1].split(" ")[0]

    def load(self, archive: Path) -> None:
        raise DoorClosed(
            f"devcluster cannot bring {archive.name} to the nodes of an existing cluster: load it yourself "
            "(`kind load image-archive …`, or push it to its registry)"
        )

    def close(self) -> None:
        """End the port-forwards that this door opened."""
        for forward in self._forwards:
            forward.kill()
            forward.communicate()


def run_kubectl(program: Path, kubeconfig: Path, words: tuple[str, ...], text: str | None) -> str:
    """Run kubectl with the given kubeconfig; raises `DoorClosed` with its message on failure."""
    command = [str(program), f"--kubeconfig={kubeconfig}", *words]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, input=text)
    if ran.returncode != 0:
        raise DoorClosed(f"kubectl {' '.join(words[:4])}: {ran.stderr.strip()}")
    return ran.stdout


def existing(cache: Cache) -> Existing:
    """The cluster of `KUBECONFIG`; kubectl is the machine's, or ours."""
    named = os.environ.get("KUBECONFIG", "")
    if not named or not Path(named).exists():
        raise DoorClosed(f"DEVCLUSTER=existing needs KUBECONFIG to name a file; it is {named!r}")
    ours = programs.folder(cache) / "kubectl"
    return Existing(Path(named), ours if ours.exists() else Path("kubectl"))
