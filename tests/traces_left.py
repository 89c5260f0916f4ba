"""What of a cluster can be seen on the machine by one who knows nothing of how it keeps its books."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from devcluster.cache import Cache

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
"""Where Kubernetes' programs write when nobody tells them otherwise."""

SETTINGS: Final = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")
"""What a kubelet changes for the whole machine."""


def seen() -> frozenset[str]:
    """Everything of interest, a line each; two looks are compared."""
    lines = (_processes(), _namespaces(), _mounts(), _sockets(), _groups(), _files(), _settings(), _interfaces())
    return frozenset(line for texts in lines for line in texts)


def _processes() -> Iterator[str]:
    """Programs from the cache, and whoever was started by devcluster; others come and go as they like."""
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
    """Network and process namespaces that are not this test's own, by those who live in them."""
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
    """Named sockets of Kubernetes' programs, and ports that somebody listens on."""
    for line in Path("/proc/net/unix").read_text().splitlines():
        if any(word in line for word in ("containerd", "kubelet", "devcluster", "fairlead")):
            yield f"socket {line.split()[-1]}"
    listed = subprocess.run(["ss", "-Hltn"], check=False, capture_output=True, text=True)
    yield from (f"port {line.split()[3]}" for line in listed.stdout.splitlines())


def _groups() -> Iterator[str]:
    for hierarchy in Path("/sys/fs/cgroup").iterdir():
        if hierarchy.is_dir():
            yield from (f"control group {group}" for group in hierarchy.glob("*devcluster*"))


def _files() -> Iterator[str]:
    for place in PLACES:
        for folder, _, files in os.walk(place):
            yield f"folder {folder}"
            yield from (f"file {folder}/{name}" for name in files)
    yield from (f"cluster folder {folder}" for folder in Cache.chosen().clusters.glob("*"))


def _settings() -> Iterator[str]:
    yield from (f"setting {name}={(Path('/proc/sys') / name).read_text().strip()}" for name in SETTINGS)


def _interfaces() -> Iterator[str]:
    yield from (f"interface {folder.name}" for folder in Path("/sys/class/net").iterdir())


def _numbered() -> Iterator[Path]:
    return (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
