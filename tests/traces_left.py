"""Traces of a cluster that are visible on the machine without its own records."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from devcluster.layout import Layout
from house.lane import IN_LANE

PLACES: Final = (
    "/run/containerd",
    "/run/netns",
    "/run/nri",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
    "/etc/cni/net.d",
    "/opt/containerd",
)
"""Where Kubernetes' programs write by default."""

LANE: Final = f"{IN_LANE}=".encode()
HOLDER: Final = re.compile(r"pid=(\d+)")

SETTINGS: Final = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")
"""What a kubelet changes for the whole machine."""


def seen() -> frozenset[str]:
    """All traces, one a line; two results are compared."""
    lines = (_processes(), _namespaces(), _mounts(), _sockets(), _groups(), _files(), _settings(), _interfaces())
    return frozenset(line for texts in lines for line in texts)


def _processes() -> Iterator[str]:
    """Programs from the cache, and processes started by devcluster; others may come and go."""
    ours = str(Cache.chosen().bin)
    for entry in _numbered():
        try:
            program = str((entry / "exe").readlink())
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if (
            program.startswith(ours)
            or "devcluster.inside" in words
            or "devcluster.guard" in words
            or "containerd-shim" in words
        ):
            yield f"process {entry.name}: {words[:80]}"


def _namespaces() -> Iterator[str]:
    """Network and process namespaces other than this test's own, by their processes."""
    for kind in ("net", "pid"):
        mine = Path(f"/proc/self/ns/{kind}").readlink()
        for entry in _numbered():
            try:
                theirs = (entry / "ns" / kind).readlink()
            except OSError:
                continue
            if theirs != mine:
                yield f"namespace {theirs}"
    listed = subprocess.run(["ip", "netns", "list"], check=False, capture_output=True, text=True)
    yield from (f"named namespace {line}" for line in listed.stdout.splitlines())


def _mounts() -> Iterator[str]:
    yield from (f"mount {line.split()[4]}" for line in Path("/proc/self/mountinfo").read_text().splitlines())


def _sockets() -> Iterator[str]:
    """Named sockets of Kubernetes' programs, and ports in use."""
    for words in _listed("-Hxap"):
        if any(word in words[4] for word in ("containerd", "kubelet", "devcluster", "fairlead")):
            yield f"socket {words[4]}"
    yield from (f"port {words[3]}" for words in _listed("-Hltnp"))


def _listed(options: str) -> Iterator[list[str]]:
    """Sockets by `ss`, without those that only another lane's processes hold."""
    listed = subprocess.run(["ss", options], check=False, capture_output=True, text=True)
    for line in listed.stdout.splitlines():
        holders = HOLDER.findall(line)
        if not holders or not all(of_another_lane(Path("/proc") / holder) for holder in holders):
            yield line.split()


def _groups() -> Iterator[str]:
    for hierarchy in Path("/sys/fs/cgroup").iterdir():
        if hierarchy.is_dir():
            yield from (f"control group {group}" for group in hierarchy.glob("*devcluster*"))


def _files() -> Iterator[str]:
    for place in PLACES:
        for folder, _, files in os.walk(place):
            yield f"folder {folder}"
            yield from (f"file {folder}/{name}" for name in files)
    yield from (f"cluster folder {folder}" for folder in Cache.chosen().clusters.glob("*") if not _supervised(folder))


def _supervised(cluster: Path) -> bool:
    """Whether another lane's process supervises it."""
    try:
        kept = json.loads(Layout(cluster).supervisor.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return of_another_lane(Path("/proc") / str(kept["pid"]))


def _settings() -> Iterator[str]:
    yield from (f"setting {name}={(Path('/proc/sys') / name).read_text().strip()}" for name in SETTINGS)


def _interfaces() -> Iterator[str]:
    yield from (f"interface {folder.name}" for folder in Path("/sys/class/net").iterdir())


def _numbered() -> Iterator[Path]:
    """Processes, without those of other lanes, which end in their own time."""
    return (entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and not of_another_lane(entry))


def of_another_lane(process: Path) -> bool:
    """Whether it was started by a lane of `make test` that runs beside this one; one that is gone belongs to none."""
    try:
        lanes = [word for word in (process / "environ").read_bytes().split(b"\0") if word.startswith(LANE)]
    except OSError:
        return False
    return any(word != LANE + os.environ.get(IN_LANE, "").encode() for word in lanes)
