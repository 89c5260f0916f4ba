"""Development tools (Helm, kubeconform, kwok): Go builds of modules pinned under tools/.

Each has a module of its own, since their dependencies conflict. No cluster needs any of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from devcluster import turns
from devcluster.cache import Cache
from devcluster.setup import go_build

SOURCES: Final = Path(__file__).resolve().parents[1] / "tools"

PACKAGES: Final[Mapping[str, str]] = {
    "helm": "helm.sh/helm/v4/cmd/helm",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
    "kwok": "sigs.k8s.io/kwok/cmd/kwok",
}
"""Each tool and its package; the module that pins it is the folder of its name."""

LIGHT: Final = ("helm", "kubeconform")
"""Those that the API server lane uses."""

_FLAGS: Final = ("-gcflags", go_build.NO_DEBUG, "-ldflags", "-s -w")


def folder(cache: Cache) -> Path:
    """The folder of the tools for this checkout's pins, whether it exists or not."""
    digest = hashlib.sha256(" ".join(_FLAGS).encode())
    for source in sorted(SOURCES.rglob("go.*")):
        digest.update(source.relative_to(SOURCES).as_posix().encode() + source.read_bytes())
    return cache.bin / f"tools-{digest.hexdigest()[:12]}"


def missing(cache: Cache, wanted: Sequence[str]) -> tuple[str, ...]:
    """The tools that have yet to be built."""
    return tuple(name for name in wanted if not (folder(cache) / name).exists())


def ensure(cache: Cache, wanted: Sequence[str]) -> Path:
    """Return the tools' folder; builds what is missing, one builder at a time."""
    place = folder(cache)
    if not missing(cache, wanted):
        return place
    place.mkdir(parents=True, exist_ok=True)
    with turns.alone(cache.bin / ".tools-lock", "a build of the same tools"):
        for name in missing(cache, wanted):
            one = go_build.Build(module=SOURCES / name, programs={name: PACKAGES[name]}, flags=_FLAGS)
            go_build.build(one, cache, place)
    return place
