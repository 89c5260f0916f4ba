"""Ends a cluster in any state: every process, mount, control group and file of it."""

import contextlib
import json
import shutil
import subprocess
import time
from pathlib import Path

from devcluster import control_groups, processes
from devcluster.layout import Layout


def down(layout: Layout) -> tuple[str, ...]:
    """End the cluster and return what is left of it: nothing, unless something is wrong with the machine."""
    _end_processes(layout)
    _unmount(layout)
    control_groups.remove(layout.control_group)
    _remove_files(layout)
    return leaks(layout)


def leaks(layout: Layout) -> tuple[str, ...]:
    """Everything of the cluster that can still be found on the machine, a line each."""
    left = [f"process {pid}: {words[:100]}" for pid, words in processes.marked(layout.marker)]
    left += [f"process {pid} in its control group" for pid in processes.under(layout.control_group)]
    left += [f"mount {place}" for place in _mounts(layout)]
    left += [f"control group {group}" for group in control_groups.folders(layout.control_group) if group.exists()]
    left += [f"socket {path}" for path in _sockets(layout)]
    if layout.root.exists():
        left.append(f"folder {layout.root}")
    return tuple(left)


def is_supervised(layout: Layout) -> bool:
    """Whether the cluster's supervisor runs."""
    with contextlib.suppress(OSError, ValueError):
        return processes.is_alive(json.loads(layout.supervisor.read_text()))
    return False


def _end_processes(layout: Layout) -> None:
    """End the marked processes; in their own process namespace, the kernel ends the rest with the first."""
    while left := [pid for pid, _ in processes.marked(layout.marker)]:
        companions = {pid for one in left if _has_own_namespace(one) for pid in processes.in_namespace(one)}
        if stuck := processes.end({*left, *companions}):
            raise OSError(f"these processes of the cluster cannot be ended: {stuck}")


def _has_own_namespace(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/ns/pid").readlink() != Path("/proc/self/ns/pid").readlink()
    return False


def _unmount(layout: Layout) -> None:
    for place in reversed(_mounts(layout)):
        subprocess.run(["umount", "--lazy", place], check=False)


def _mounts(layout: Layout) -> list[str]:
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [place for place in places if place.startswith(f"{layout.root}/")]


def _sockets(layout: Layout) -> list[str]:
    paths = [line.split()[7] for line in Path("/proc/net/unix").read_text().splitlines() if len(line.split()) > 7]
    return [path for path in paths if path.startswith(f"{layout.root}/")]


def _remove_files(layout: Layout) -> None:
    for _ in range(5):
        shutil.rmtree(layout.root, ignore_errors=True)
        if not layout.root.exists():
            return
        time.sleep(0.2)
    shutil.rmtree(layout.root)
