"""The operator as a process behind the fault proxy: started, killed, started anew; its Lease is short."""

import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from house.tree import ROOT
from tests.patience import eventually

LEASE_S: Final = 3.0
"""After a crash the next one waits for this."""


@dataclass(slots=True, kw_only=True)
class OperatorProcess:
    """One operator at a time."""

    kubeconfig: Path
    folder: Path
    host: str = "127.0.0.21"
    flags: tuple[str, ...] = ("--webhook", "off")
    lease_s: float = LEASE_S
    lease_namespace: str = "default"
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def log(self) -> Path:
        """All that all of them said."""
        return self.folder / "operator.log"

    def start(self) -> int:
        """Start one; answers its process id."""
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig), "PYTHONPATH": str(ROOT / "operator")}
        words = [sys.executable, "-m", "fairlead", "operator", "--host", self.host, *self.flags]
        words += ["--lease-seconds", str(self.lease_s), "--lease-namespace", self.lease_namespace]
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(words, env=environment, stdout=sink, stderr=sink)
        return self.process.pid

    def runs(self) -> bool:
        """Whether it is alive."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """As a power failure would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)

    def stop(self) -> int:
        """As the kubelet would; answers its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=30)

    def page(self) -> str:
        """Its metrics."""
        with urllib.request.urlopen(f"http://{self.host}:9090/metrics", timeout=5) as answer:  # our own
            return str(answer.read().decode())

    def wait_ready(self) -> None:
        """Until it answers."""

        def answers() -> bool:
            try:
                with urllib.request.urlopen(f"http://{self.host}:8081/readyz", timeout=1) as answer:  # our own
                    return bool(answer.status == 200)
            except OSError:
                return False

        try:
            eventually(answers, "the operator is ready", 30)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.log.read_text(encoding='utf-8')[-3000:]}") from problem
