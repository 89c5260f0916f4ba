"""The operator as a process: started, killed, and restarted when it ends by itself, as the kubelet would do."""

import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from house.tree import ROOT
from tests import free_ports
from tests.waiting import eventually

LEASE_S: Final = 15.0
"""As in production. A process that stalls for two thirds of it ends, and two busy cores do stall it for seconds."""
POLL_S: Final = 0.5
"""How often the kubelet checks."""


def own_host() -> str:
    """Where operators of this process listen: their ports are fixed, and lanes run side by side."""
    return f"{free_ports.own_network()}.255.1"


@dataclass(slots=True, kw_only=True)
class OperatorProcess:
    """One operator at a time."""

    kubeconfig: Path
    folder: Path
    host: str = field(default_factory=own_host)
    flags: tuple[str, ...] = ("--webhook", "off")
    lease_namespace: str = "default"
    process: subprocess.Popen[bytes] | None = field(default=None)
    """None once a test ended it; an end of its own is for the kubelet to notice."""

    @property
    def log(self) -> Path:
        """The output of all of them."""
        return self.folder / "operator.log"

    def start(self) -> int:
        """Start one; returns its process id."""
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig), "PYTHONPATH": str(ROOT / "operator")}
        words = [sys.executable, "-m", "fairlead", "operator", "--host", self.host, *self.flags]
        words += ["--lease-seconds", str(LEASE_S), "--lease-namespace", self.lease_namespace]
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(words, env=environment, stdout=sink, stderr=sink)
        return self.process.pid

    def runs(self) -> bool:
        """Whether it is running."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Kill it, as a power failure would."""
        if self.process is not None:
            process, self.process = self.process, None
            process.kill()
            process.wait(timeout=10)

    def stop(self) -> int:
        """Stop it, as the kubelet would; returns its exit code."""
        assert self.process is not None
        process, self.process = self.process, None
        process.terminate()
        return process.wait(timeout=30)

    def page(self) -> str:
        """Its metrics."""
        with urllib.request.urlopen(f"http://{self.host}:9090/metrics", timeout=5) as answer:  # our own
            return str(answer.read().decode())

    def wait_ready(self) -> None:
        """Wait until it answers."""

        def answers() -> bool:
            try:
                with urllib.request.urlopen(f"http://{self.host}:8081/readyz", timeout=1) as answer:  # our own
                    return bool(answer.status == 200)
            except OSError:
                return False

        try:
            eventually(answers, "the operator is ready", 90)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.log.read_text(encoding='utf-8')[-3000:]}") from problem


@contextmanager
def kubelet(operator: OperatorProcess) -> Iterator[None]:
    """Restart an operator that ends by itself: one that lost its Lease relies on that."""
    end = threading.Event()

    def watch() -> None:
        while not end.wait(POLL_S):
            process = operator.process
            if process is not None and process.poll() is not None:
                operator.start()

    watching = threading.Thread(target=watch, name="kubelet", daemon=True)
    watching.start()
    try:
        yield
    finally:
        end.set()
        watching.join()
