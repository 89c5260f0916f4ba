"""The operator as a process of this machine: started, scraped, measured by the kernel, and stopped."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from house.tree import ROOT

HOST: Final = "127.0.0.11"
TICKS: Final = os.sysconf("SC_CLK_TCK")
WRITES: Final = frozenset({"patch", "create", "delete", "update"})


@dataclass(frozen=True, slots=True)
class Process:
    """A process, as the kernel measures it."""

    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """CPU seconds since its start."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self, field: str = "VmRSS") -> float:
        """Resident memory now, or at its peak (`VmHWM`)."""
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(one for one in text.splitlines() if one.startswith(f"{field}:"))
        return int(line.split()[1]) * 1024 / 1e6


@dataclass(frozen=True, slots=True)
class Running(Process):
    """One operator process."""

    log: Path

    def writes(self) -> dict[str, int]:
        """Writes to the API server so far by kind, without the Lease."""
        found: dict[str, int] = {}
        for line in self.page().splitlines():
            if line.startswith("fairlead_operator_api_requests_total{"):
                labels = dict(one.split("=") for one in line[line.index("{") + 1 : line.index("}")].split(","))
                verb, resource = labels["verb"].strip('"'), labels["resource"].strip('"')
                if verb in WRITES and not resource.startswith("leases"):
                    found[resource] = found.get(resource, 0) + int(float(line.rsplit(" ", 1)[1]))
        return found

    def page(self) -> str:
        """Its metrics."""
        with urllib.request.urlopen(f"http://{HOST}:9090/metrics", timeout=30) as answer:  # our own
            return str(answer.read().decode())


@contextmanager
def running(kubeconfig: Path, folder: Path) -> Iterator[Running]:
    """Start one, and stop it when the block ends."""
    environment = os.environ | {"KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(ROOT / "operator")}
    words = [sys.executable, "-m", "fairlead", "operator", "--webhook", "off", "--host", HOST]
    words += [
        "--router-image",
        "fairlead:bench",
        "--engine-image",
        "fairlead:bench",
        "--log-level",
        "WARNING",
        "--nodes-grow",
    ]
    log = folder / "operator.log"
    with log.open("ab") as sink:
        process = subprocess.Popen(words, env=environment, stdout=sink, stderr=sink)
    try:
        _until_ready(process, log)
        yield Running(process, log)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(f"the operator ended: {log.read_text(encoding='utf-8')[-2000:]}")
        try:
            with urllib.request.urlopen(f"http://{HOST}:8081/readyz", timeout=2) as answer:  # our own
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the operator was not ready within a minute")
