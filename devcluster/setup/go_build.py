"""Builds Go programs from pinned modules: fetched, compiled and counted, with all of Go's own files in our cache.

Callers name the module, the packages and the flags.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster import progress
from devcluster.cache import Cache
from devcluster.setup import machine

NO_DEBUG: Final = "all=-dwarf=false"
"""Compiler flags: no debugging data, which the linker would drop, and a tenth less of the compiler's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One `go build`: programs of one module share most packages."""

    module: Path
    """The folder whose go.mod and go.sum pin everything."""

    programs: Mapping[str, str]
    """Each program's name and package."""

    flags: tuple[str, ...]


def build(one: Build, cache: Cache, place: Path) -> None:
    """Put the programs into `place`, each renamed there when complete."""
    names = ", ".join(one.programs)
    env = environment(cache)
    with progress.step(f"fetching the sources of {names}") as current:
        words = ["go", "-C", str(one.module), "mod", "download", "-x"]
        progress.run(words, current, cache.logs / "go-download.log", env=env)
    fresh = place / f".fresh-{os.getpid()}"
    fresh.mkdir(exist_ok=True)
    with progress.step(f"building {names} (minutes, once)") as current:
        counted = _Counted(current, _count(one, env))
        words = ["go", "-C", str(one.module), "build", "-v", "-trimpath", *one.flags]
        progress.run([*words, "-o", f"{fresh}/", *one.programs.values()], counted, cache.logs / "go-build.log", env=env)
    for name in one.programs:
        # Go names a program after the last element of its package that is no version.
        built = "server" if name == "etcd" else name
        (fresh / built).replace(place / name)
    shutil.rmtree(fresh)


class _Counted(progress.Step):
    """Counts the packages that Go names as it compiles them, to show the progress."""

    def __init__(self, step: progress.Step, whole: int) -> None:
        super().__init__(title=step.title, stream=step.stream)
        self._whole = whole
        self._so_far = 0

    def at(self, where: str) -> None:
        self._so_far += 1
        super().at(f"package {self._so_far} of at most {self._whole}: {where}")


def _count(one: Build, env: dict[str, str]) -> int:
    words = ["go", "-C", str(one.module), "list", "-deps", *one.flags, *one.programs.values()]
    listed = subprocess.run(words, env=env, check=False, capture_output=True, text=True)
    return len(listed.stdout.splitlines())


def environment(cache: Cache) -> dict[str, str]:
    """Puts Go's caches inside ours, so that one folder has all that set-up leaves on a machine."""
    ours = {
        "PATH": machine.search_path(),
        "GOCACHE": str(cache.go / "build"),
        "GOMODCACHE": str(cache.go / "mod"),
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    return {**os.environ, **ours}
