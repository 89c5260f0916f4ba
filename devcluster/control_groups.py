"""The control groups of a cluster's nodes, wherever this machine mounts them.

The kernel keeps them after their last process has ended, so they must be removed explicitly.
"""

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

HIERARCHIES: Final = Path("/sys/fs/cgroup")

PROGRAMS: Final = 8
"""As many busy programs as our tests run on two cores."""
WEIGHTS: Final = {"cpu.shares": PROGRAMS * 1024, "cpu.weight": PROGRAMS * 100}
"""By file of each cgroup version: PROGRAMS times the weight of one program."""


def folders(name: str) -> tuple[Path, ...]:
    """The folders of one group: one per version 1 controller, or the one of version 2."""
    if (HIERARCHIES / "cgroup.controllers").exists():
        return (HIERARCHIES / name,)
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    return tuple(Path(mount[1]) / name for mount in mounts if mount[2].startswith("cgroup"))


def favour(groups: Iterable[Path]) -> None:
    """Give groups the weight of several busy programs.

    A real node has cores of its own; here all its pods together would get as much as one other program of the machine.
    """
    for group in groups:
        for file, ours in WEIGHTS.items():
            if (group / file).exists():
                (group / file).write_text(f"{ours}\n")


def remove(name: str, timeout_s: float = 5.0) -> None:
    """Remove a group from the leaves up; it stays busy until its last process is reaped, so this retries."""
    until = time.monotonic() + timeout_s
    for group in folders(name):
        while group.exists() and time.monotonic() < until:
            for folder, _, _ in os.walk(group, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()
            if group.exists():
                time.sleep(0.05)
