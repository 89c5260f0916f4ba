"""Kubernetes' programs: from a given folder, the cache, or a Go build of pinned modules.

The go.sum files in this folder pin the builds, so a cache entry is named by their digest and shared by all checkouts.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from devcluster import turns
from devcluster.cache import Cache
from devcluster.setup import go_build

SOURCES: Final = Path(__file__).resolve().parents[1] / "binaries"
KUBERNETES: Final = "v1.36.3"
ASSETS: Final = "KUBEBUILDER_ASSETS"
"""A folder with ready etcd, kube-apiserver and kubectl, as envtest's tools name it."""

PACKAGES: Final[Mapping[str, tuple[str, str]]] = {
    "etcd": (".", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": (".", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kubectl": (".", "k8s.io/kubernetes/cmd/kubectl"),
    "kube-controller-manager": (".", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": (".", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubelet": (".", "k8s.io/kubernetes/cmd/kubelet"),
    "kube-proxy": (".", "k8s.io/kubernetes/cmd/kube-proxy"),
    "coredns": (".", "./coredns"),
    "pause": (".", "./pause"),
    "containerd": ("containerd", "github.com/containerd/containerd/v2/cmd/containerd"),
    "containerd-shim-runc-v2": (
        "containerd",
        "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
    ),
    "ctr": ("containerd", "github.com/containerd/containerd/v2/cmd/ctr"),
}
"""Each program, the Go module that pins it, and its package there."""

LIGHT: Final = ("etcd", "kube-apiserver", "kubectl")
"""All that light mode needs."""

_VERSION: Final = "k8s.io/component-base/version"
_TAGS: Final = "no_btrfs,no_devmapper,no_zfs"
_LINK: Final = (
    f"-s -w -X {_VERSION}.gitVersion={KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=36 "
    f"-X {_VERSION}.gitTreeState=clean"
)


def folder(cache: Cache) -> Path:
    """The folder of the programs for this checkout's pins, whether it exists or not."""
    digest = hashlib.sha256(f"{_TAGS}{go_build.NO_DEBUG}{_LINK}{os.environ.get(ASSETS, '')}".encode())
    for source in sorted(SOURCES.rglob("*")):
        if source.is_file():
            digest.update(source.relative_to(SOURCES).as_posix().encode() + source.read_bytes())
    return cache.bin / digest.hexdigest()[:12]


def missing(cache: Cache, wanted: Sequence[str]) -> tuple[str, ...]:
    """The programs that have yet to be built."""
    place = folder(cache)
    return tuple(name for name in wanted if not (place / name).exists() and _ready_made(name) is None)


def ensure(cache: Cache, wanted: Sequence[str]) -> Path:
    """Return the programs' folder; builds what is missing, one builder at a time."""
    place = folder(cache)
    if all((place / name).exists() for name in wanted):
        return place
    place.mkdir(parents=True, exist_ok=True)
    with turns.alone(cache.bin / ".lock", "a build of the same programs"):
        for name in wanted:
            ready = _ready_made(name)
            if ready is not None and not (place / name).exists():
                (place / name).symlink_to(ready)
        for module in (".", "containerd"):
            names = [name for name in missing(cache, wanted) if PACKAGES[name][0] == module]
            if names:
                packages = {name: PACKAGES[name][1] for name in names}
                flags = ("-tags", _TAGS, "-gcflags", go_build.NO_DEBUG, "-ldflags", _LINK)
                go_build.build(go_build.Build(module=SOURCES / module, programs=packages, flags=flags), cache, place)
    return place


def _ready_made(name: str) -> Path | None:
    assets = os.environ.get(ASSETS)
    found = Path(assets) / name if assets and name in LIGHT else None
    return found if found is not None and found.exists() else None
