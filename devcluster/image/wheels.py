"""The wheels for the image, fetched once per lock, so that the build itself needs no index."""

import hashlib
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster import progress
from devcluster.cache import Cache

RUNTIME: Final = "locks/runtime.txt"
PIP: Final = "locks/pip.txt"
"""pip's own pin, from the developers' lock: Debian's Python has no pip, so the build installs it."""

FOLDER: Final = "wheels"

PYTHON: Final = "3.11"
GLIBC_MINORS: Final = range(36, 16, -1)
"""Debian 12 has Python 3.11 and glibc 2.36; wheels for any glibc since 2.17 run on it."""

_PATCH_MARKER: Final = re.compile(r" ; python_full_version [<>=!]+ '[^']*'(?= )")
"""pip evaluates it for its own Python, whose patch of 3.11 differs from Debian's; an extra wheel does no harm."""

_BLOCK: Final = re.compile(r"^(([A-Za-z0-9._-]+)==\S+(?: *\\\n *--hash=\S+)+\n)", re.MULTILINE)


def blocks(lock: str) -> dict[str, str]:
    """Version and hashes of each package in the lock, by name; conditional ones are left out."""
    return {name: text for text, name in _BLOCK.findall(lock)}


def pip_requirement(lock: str) -> str:
    """pip's version and hashes in the lock."""
    found = blocks(lock).get("pip")
    if found is None:
        raise progress.StepFailed("locks/dev.txt pins no pip with hashes; write it anew with `make lock`")
    return found


def for_any_patch(lock: str) -> str:
    """Remove the conditions on a patch of Python from a lock."""
    return _PATCH_MARKER.sub("", lock)


def split(lock: str, without_wheels: tuple[str, ...]) -> tuple[str, str]:
    """Split a lock into what is fetched as wheels and as sources."""
    sources = [text for name, text in blocks(lock).items() if name in without_wheels]
    for text in sources:
        lock = lock.replace(text, "")
    return lock, "".join(sources)


def platforms(machine: str) -> list[str]:
    """Platform tags for pip, which would otherwise fetch for the C library it runs on."""
    tags = [f"manylinux_2_{minor}" for minor in GLIBC_MINORS] + ["manylinux2014"]
    return [f"--platform={tag}_{machine}" for tag in tags]


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSet:
    """The locks of a context that an image is made from; the newest wheels of each set stay."""

    name: str
    locks: tuple[str, ...]
    without_wheels: tuple[str, ...] = ()
    """Packages that exist only as source distributions: the build makes their wheels."""


OURS: Final = WheelSet(name="wheels", locks=(RUNTIME, PIP))


def copy_to(context: Path, cache: Cache, wanted: WheelSet = OURS) -> bool:
    """Link the wheels of the context's locks beside them; return whether they had to be fetched first."""
    place = folder(context, cache, wanted)
    fresh = not place.exists()
    if fresh:
        _fetch(context, place, wanted, cache.logs / f"{wanted.name}.log")
    shutil.copytree(place, context / FOLDER, copy_function=os.link)
    return fresh


def folder(context: Path, cache: Cache, wanted: WheelSet = OURS) -> Path:
    """The folder for the wheels of these locks, whether it exists or not."""
    locks = b"\0".join(for_any_patch((context / name).read_text()).encode() for name in wanted.locks)
    digest = hashlib.sha256(locks + " ".join(platforms(platform.machine())).encode())
    return cache.images / f"{wanted.name}-{digest.hexdigest()[:12]}"


def _fetch(context: Path, place: Path, wanted: WheelSet, log: Path) -> None:
    """Dependencies are not followed: a hashed lock names them all, and otherwise the build fails."""
    unfinished = place.parent / f"{wanted.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    binary, sources = list[str](), ""
    for name in wanted.locks:
        lock, more = split(for_any_patch((context / name).read_text()), wanted.without_wheels)
        binary.append(_requirements(unfinished / Path(name).name, lock))
        sources += more
    words = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--progress-bar=off"]
    words += ["--require-hashes", "--no-deps", f"--dest={unfinished}"]
    here = ["--only-binary=:all:", f"--python-version={PYTHON}", *platforms(platform.machine())]
    with progress.step(f"fetching the image's {wanted.name}") as current:
        progress.run([*words, *here, *binary], current, log)
        if sources:
            progress.run(
                [*words, "--no-binary=:all:", _requirements(unfinished / "sources.txt", sources)], current, log
            )
    for path in unfinished.glob("*.txt"):
        path.unlink()
    for older in place.parent.glob(f"{wanted.name}-*"):
        shutil.rmtree(older)
    unfinished.rename(place)


def _requirements(path: Path, text: str) -> str:
    """A path from which pip reads this text."""
    path.write_text(text)
    return f"--requirement={path}"
