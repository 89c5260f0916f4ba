"""A router that takes part: how it starts, when it is ready, what it costs. Independent of any particular router."""

import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import kernel

HOST: Final = "127.0.0.27"
TIMEOUT_S: Final = 60.0
SCRAPE_S: Final = 1.0
"""All metrics are scraped each second, the rate that ours is promised for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One router as the harness knows it."""

    name: str
    version: str
    words: tuple[str, ...]
    port: int
    metrics_port: int
    keys: tuple[str, ...]
    """Of its tenants; a router without tenants is sent them too, since clients do not change."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The base address for clients."""
        return f"{HOST}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running router."""

    contestant: Contestant
    pid: int

    def cpu_seconds(self) -> float:
        """CPU of all its processes since their start."""
        return kernel.cpu_seconds(self.pid)

    def system_seconds(self) -> float:
        """The kernel's part of it."""
        return kernel.system_seconds(self.pid)

    def memory_mb(self) -> float:
        """Resident memory."""
        return kernel.memory_mb(self.pid)


@contextmanager
def running(contestant: Contestant, log: Path) -> Iterator[Running]:
    """Start it, wait until it serves, scrape it meanwhile, and stop it when the block ends."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as sink,
        subprocess.Popen(
            contestant.words, stdout=sink, stderr=sink, env=os.environ | dict(contestant.environment)
        ) as process,
    ):
        done = threading.Event()
        scraping = threading.Thread(target=_scrape, args=(contestant.metrics_port, done), daemon=True)
        try:
            _until_it_serves(contestant, process, log)
            scraping.start()
            yield Running(contestant=contestant, pid=process.pid)
        finally:
            done.set()
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Terminate twice, then kill: a drain may take long, and no client is left."""
    process.terminate()
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=3)
        process.kill()


def _until_it_serves(contestant: Contestant, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for one whole answer: health alone may come before any engine is discovered."""
    until = time.monotonic() + TIMEOUT_S
    text = "nothing"
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            _chat(contestant)
        except urllib.error.HTTPError as refused:
            text = f"{refused.code} {refused.read()[:300]!r}"
        except OSError as problem:
            text = str(problem)
        else:
            return
        time.sleep(0.1)
    ending = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise SystemExit(f"bench: {contestant.name} does not serve: it answered {text}; the end of its log:\n{ending}")


def _chat(contestant: Contestant) -> None:
    body = b'{"model":"chat","messages":[{"role":"user","content":"are you there?"}],"max_tokens":1}'
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {contestant.keys[0]}"}
    request = urllib.request.Request(f"http://{contestant.target}/v1/chat/completions", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
        answer.read()


def _scrape(port: int, done: threading.Event) -> None:
    while not done.wait(SCRAPE_S):
        with suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as page:
            page.read()
