"""Processes in /proc: their identity beyond the id, and which belong to a cluster."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")


def identify(pid: int) -> dict[str, int]:
    """Identify a process by id and start time: ids are reused, the pair is not."""
    return {"pid": pid, "started": started(pid) or 0}


def started(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if it is gone or a zombie."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def is_alive(identity: dict[str, int]) -> bool:
    """Whether this very process is still running."""
    return started(identity["pid"]) == identity["started"]


def words(pid: int) -> str:
    """A process's command line; empty if it is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def marked(marker: str) -> Iterator[tuple[int, str]]:
    """Yield processes whose environment contains the marker, with their command lines."""
    mine = os.getpid()
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == mine:
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marker.encode() in environment:
            yield int(entry.name), words(int(entry.name))


def under(control_group: str) -> Iterator[int]:
    """Yield processes in or below a control group of this name."""
    for entry in PROC.iterdir():
        try:
            if entry.name.isdigit() and f"/{control_group}/" in (entry / "cgroup").read_text():
                yield int(entry.name)
        except OSError:
            continue


def in_namespace(of: int) -> Iterator[int]:
    """Yield every process in the same process namespace as this one."""
    try:
        wanted = (PROC / str(of) / "ns/pid").readlink()
    except OSError:
        return
    for entry in PROC.iterdir():
        try:
            if entry.name.isdigit() and (entry / "ns/pid").readlink() == wanted:
                yield int(entry.name)
        except OSError:
            continue


def end(pids: Iterable[int], timeout_s: float = 10.0) -> tuple[int, ...]:
    """Kill processes and wait until they are gone; return those that are not."""
    left = {pid: started(pid) for pid in pids}
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    until = time.monotonic() + timeout_s
    while True:
        left = {pid: since for pid, since in left.items() if since is not None and started(pid) == since}
        if not left or time.monotonic() > until:
            return tuple(left)
        time.sleep(0.02)
