"""A router with its cache on, one emulated engine, and a scripted one, all as processes."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from house.tree import ROOT

HOST: Final = "127.0.0.25"
ENGINE_PORT: Final = 8251
SCRIPTED_PORT: Final = 8252
ROUTER_PORT: Final = 8250
METRICS_PORT: Final = 9250
KEYS: Final = {"shop": "key-of-the-shop", "bank": "key-of-the-bank"}
OURS: Final = f"{ROOT / 'operator'}:{ROOT}"
FIRST_TOKEN_MS: Final = "500"
"""Long enough for a thousand clients to send before anything is answered."""
START_SECONDS: Final = 30.0
TICKS: Final = os.sysconf("SC_CLK_TCK")
ENGINE: Final = (
    *("engine", "--product", "NVIDIA-H100-80GB-HBM3", "--gpus", "1", "--"),
    *("vllm", "serve", "meta-llama/Llama-3.2-1B-Instruct", "--served-model-name", "chat", "--max-model-len", "8192"),
    *("--enable-auto-tool-choice", "--tool-call-parser", "hermes"),
    *("--host", HOST, "--port", str(ENGINE_PORT)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A client's answer."""

    status: int
    lines: dict[str, str]
    body: bytes

    @property
    def cache(self) -> str:
        """The router's cache state."""
        return self.lines.get("x-fairlead-cache", "")


def send(port: int, path: str, body: dict[str, Any], tenant: str = "shop", **lines: str) -> Answer:
    """Send one request on a new connection; `_` in a header's name stands for `-`."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    texts = {"Content-Type": "application/json", "Authorization": f"Bearer {KEYS[tenant]}"}
    texts |= {name.replace("_", "-"): value for name, value in lines.items()}
    try:
        connection.request("POST", path, json.dumps(body), texts)
        response = connection.getresponse()
        got = {name.lower(): value for name, value in response.getheaders()}
        try:
            read = response.read()
        except http.client.IncompleteRead as broken:
            return Answer(status=-1, lines=got, body=broken.partial)
        return Answer(status=response.status, lines=got, body=read)
    finally:
        connection.close()


def get_page(port: int, path: str) -> str:
    """Fetch a page."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def figure(page: str, start: str) -> float:
    """The sum of all samples whose line starts with `start`."""
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(start))


class Process:
    """One program and its use of CPU and memory."""

    def __init__(self, words: tuple[str, ...], log: Path, **environment: str) -> None:
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *words], env=os.environ | environment, stdout=sink, stderr=subprocess.STDOUT
            )

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_megabytes(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self) -> None:
        """Terminate, then kill."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The running router and its configuration file."""

    router: Process
    config: Path

    def routed_to(self, port: int) -> None:
        """Change the router's engine, and wait until it is routable."""
        configure(self.config, port)
        until(lambda: f'"{HOST}:{port}"' in _routable(), "the router found its engine")


def configure(config: Path, port: int) -> None:
    """Write the router's file: two tenants with a key each, and the cache on."""
    tenants = []
    for name, key in KEYS.items():
        place = config.parent / name
        place.write_text(key)
        tenants.append({"name": name, "keys": [{"file": str(place)}]})
    document = {
        "endpoints": [f"{HOST}:{port}"],
        "models": ["chat"],
        "routing": {"cache": {"enabled": True, "maxEntrySize": "1Mi"}, "tenants": tenants},
    }
    written = config.with_suffix(".new")
    written.write_text(json.dumps(document))
    written.rename(config)


@contextmanager
def running(folder: Path) -> Iterator[World]:
    """Run everything until the block ends; logs are in the folder."""
    config = folder / "router.json"
    configure(config, ENGINE_PORT)
    paced = {"FAIRLEAD_ENGINE_START_SECONDS": "0", "FAIRLEAD_ENGINE_TPOT_MS": "2", "PYTHONPATH": OURS}
    paced["FAIRLEAD_ENGINE_TTFT_MS"] = FIRST_TOKEN_MS
    routed = {"PYTHONPATH": os.environ.get("PYTHONPATH", OURS)}
    door = ("--host", HOST, "--port", str(ROUTER_PORT), "--metrics-port", str(METRICS_PORT))
    place = ("--config", str(config), "--access-log", str(folder / "access.log"))
    started: list[Process] = []
    try:
        started.append(Process(("fairlead", *ENGINE), folder / "engine.log", **paced))
        started.append(Process(("bench.router_cache.scripted",), folder / "scripted.log", **paced))
        router = Process(("fairlead", "router", *place, *door), folder / "router.log", **routed)
        started.append(router)
        until(lambda: f'"{HOST}:{ENGINE_PORT}"' in _routable(), f"the router found its engine; see {folder}")
        yield World(router=router, config=config)
    finally:
        for one in reversed(started):
            one.stop()


def until(true: object, what: str) -> None:
    """Poll until it is true."""
    assert callable(true)
    deadline = time.monotonic() + START_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {START_SECONDS:.0f} s: {what}")
        time.sleep(0.05)


def _routable() -> str:
    """Addresses of routable engines; none while the router does not answer."""
    try:
        seen = json.loads(get_page(METRICS_PORT, "/fairlead/v1/endpoints"))["endpoints"]
    except (OSError, ValueError):
        return ""
    return json.dumps([one["address"] for one in seen if one["state"] == "routable"])
