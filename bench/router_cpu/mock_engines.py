"""The mock engines as one process with four addresses, and one run of the load client."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HOST: Final = "127.0.0.28"
PORTS: Final = (8281, 8282, 8283, 8284)
ADDRESSES: Final = tuple(f"{HOST}:{port}" for port in PORTS)
MODEL: Final = "chat"
NEVER_S: Final = 900.0
"""No run takes that long; one that does has hung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load: words per prompt, how many of them shared; streams; at a rate or as fast as answers come."""

    words: int = 100
    shared: int = 40
    streams: bool = False
    connections: int = 32
    requests: int = 0
    seconds: float = 60.0
    rate: float = 0.0
    ramp: float = 0.0
    seed: int = 7

    @property
    def options(self) -> list[str]:
        """The client's options."""
        names = ("words", "shared", "connections", "requests", "seconds", "rate", "ramp", "seed")
        return [f"-streams={str(self.streams).lower()}", *(f"-{name}={getattr(self, name)}" for name in names)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The results; latencies in microseconds."""

    requests: int
    failed: int
    per_second: float
    first_byte: dict[str, float]
    whole: dict[str, float]
    body_bytes: int
    wrong: str

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Answered":
        """Parse the client's line. A request not answered in time failed."""
        return cls(
            requests=document["requests"],
            failed=document["failed"] + document["unfinished"],
            per_second=document["per_second"],
            first_byte=document["first_byte_us"],
            whole=document["whole_us"],
            body_bytes=document["body_bytes"],
            wrong=document["wrong"],
        )


class Mocks:
    """Running engines, and clients on demand."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs

    def run_client(self, target: str, load: Load, keys: Sequence[str]) -> Answered:
        """Run the client to its end."""
        words = [str(self._programs / "load"), f"-target={target}", f"-model={MODEL}", f"-keys={','.join(keys)}"]
        ran = subprocess.run([*words, *load.options], check=False, capture_output=True, text=True, timeout=NEVER_S)
        if ran.returncode != 0:
            raise SystemExit(f"bench: the client of {target}: {ran.stderr.strip()}")
        return Answered.read(json.loads(ran.stdout))

    def pace(self, *, paced: bool) -> None:
        """Pace streams by the clock from now on, or send each in one piece."""
        _fetched(f"/bench/{'paced' if paced else 'coalesced'}")

    def counts(self) -> dict[str, Any]:
        """The engines' counts so far."""
        found: dict[str, Any] = json.loads(_fetched("/bench/counts"))
        return found


def _fetched(path: str) -> bytes:
    with urllib.request.urlopen(f"http://{ADDRESSES[0]}{path}", timeout=10) as answer:  # our own
        body: bytes = answer.read()
        return body


@contextmanager
def running(programs: Path, page: Path) -> Iterator[Mocks]:
    """Start the engines, and stop them when the block ends; `page` is what their /metrics serve."""
    words = [str(programs / "engine"), f"-listen={','.join(ADDRESSES)}", f"-model={MODEL}", f"-metrics={page}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise SystemExit(f"bench: the mock engines did not start; is {HOST} in use?")
            yield Mocks(programs)
        finally:
            process.terminate()
