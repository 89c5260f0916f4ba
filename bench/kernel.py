"""The kernel's figures for a process and its descendants: CPU time and memory."""

import os
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and its descendants; those that end meanwhile are left out."""
    found = [pid]
    for one in found:
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found.extend(int(word) for word in tasks.read_text(encoding="ascii").split())
            except OSError:
                continue
    return found


def cpu_seconds(pid: int) -> float:
    """utime + stime of all since they started; Linux rounds the sum to 10 ms and not each part."""
    return sum(sum(_times(one)) for one in tree(pid)) / TICKS


def system_seconds(pid: int) -> float:
    """stime of all since they started: what the kernel did for them, by samples of 10 ms."""
    return sum(_times(one)[1] for one in tree(pid)) / TICKS


def _times(pid: int) -> tuple[int, int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0, 0
    return int(fields[11]), int(fields[12])


def memory_mb(pid: int) -> float:
    """Resident memory of all; shared pages count once for each process."""
    return sum(_resident(one) for one in tree(pid)) / 1e6


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)
