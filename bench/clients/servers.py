"""Engines and routers as processes of this machine, started and stopped together."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from house.tree import ROOT

ROUTER_HOST: Final = "127.0.0.27"
ENGINE_HOST: Final = "127.0.0.28"
PRODUCT: Final = "NVIDIA-H100-80GB-HBM3"
MODEL: Final = "chat"
END_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One process that serves HTTP."""

    name: str
    words: tuple[str, ...]
    address: str
    ready: str
    """The path that answers 200 once the server is ready."""
    environment: Mapping[str, str]
    timeout_s: float = 60.0

    @property
    def url(self) -> str:
        """The server's base address."""
        return f"http://{self.address}"


OURS: Final = {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}


def engine(port: int, *, pooling: bool = False, model: str = MODEL) -> Server:
    """An emulated engine, at the speed of its model, that accepts faults."""
    name = "embedding" if pooling else model
    kind = ("--runner", "pooling") if pooling else ("--enable-auto-tool-choice", "--tool-call-parser", "hermes")
    vllm = ("vllm", "serve", "meta-llama/Llama-3.1-8B-Instruct", "--served-model-name", name, "--max-model-len", "8192")
    words = (sys.executable, "-m", "fairlead", "engine", "--product", PRODUCT, "--", *vllm, *kind)
    texts = {"FAIRLEAD_ENGINE_START_SECONDS": "0", "FAIRLEAD_ENGINE_FAULTS_API": "1"}
    return Server(
        name=f"engine-{port}",
        words=(*words, "--host", ENGINE_HOST, "--port", str(port)),
        address=f"{ENGINE_HOST}:{port}",
        ready="/health",
        environment=OURS | texts,
    )


def router(port: int, config: Path) -> Server:
    """Our router, configured by a file."""
    words = (sys.executable, "-m", "fairlead", "router", "--config", str(config), "--linger", "0")
    return Server(
        name=f"router-{port}",
        words=(*words, "--host", ROUTER_HOST, "--port", str(port), "--metrics-port", str(port + 1000)),
        address=f"{ROUTER_HOST}:{port}",
        ready="/ready",
        environment=OURS,
    )


@contextmanager
def running(servers: Sequence[Server], logs: Path) -> Iterator[None]:
    """Run all of them, ready, until the block ends."""
    logs.mkdir(parents=True, exist_ok=True)
    started: list[subprocess.Popen[Any]] = []
    try:
        for server in servers:
            with (logs / f"{server.name}.log").open("wb") as sink:
                environment = os.environ | dict(server.environment)
                started.append(subprocess.Popen(server.words, stdout=sink, stderr=sink, env=environment))
        for server, process in zip(servers, started, strict=True):
            _until_ready(server, process, logs / f"{server.name}.log")
        yield
    finally:
        for process in reversed(started):
            _end(process)


def _end(process: subprocess.Popen[Any]) -> None:
    for step in (process.terminate, process.terminate, process.kill):
        step()
        try:
            process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            continue
        return


def _until_ready(server: Server, process: subprocess.Popen[Any], log: Path) -> None:
    until = time.monotonic() + server.timeout_s
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{server.address}{server.ready}", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"bench: {server.name} is not ready: {log.read_text(encoding='utf-8', errors='replace')[-1500:]}")
