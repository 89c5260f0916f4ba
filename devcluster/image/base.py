"""The image's base file system without a registry: Debian's own Python, installed by debootstrap."""

import hashlib
import platform
import shutil
from pathlib import Path
from typing import Final

from devcluster import progress
from devcluster.cache import Cache
from devcluster.image import mirror
from devcluster.image.store import PRIVATE, Store

SUITE: Final = "bookworm"
PACKAGES: Final = ("python3", "ca-certificates")
LEFT_OUT: Final = (
    "dev/*",
    "proc/*",
    "sys/*",
    "tmp/*",
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "usr/share/doc/*",
    "usr/share/locale/*",
    "usr/share/man/*",
)
"""Devices come with the container; the rest is left over from installing, or documentation: half of the size."""

_DOCKERFILE: Final = 'FROM scratch\nADD root.tar /\nCMD ["python3"]\n'


def key(packages: tuple[str, ...] = PACKAGES) -> str:
    """A name for the base's contents; the mirror is not part of it, as mirrors are alike."""
    made_of = (SUITE, *packages, *LEFT_OUT, _DOCKERFILE, platform.machine())
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:12]


def ensure(store: Store, cache: Cache, packages: tuple[str, ...] = PACKAGES) -> str:
    """Return the reference of the base image; creates it in the store if missing."""
    reference = f"localhost/fairlead-base:{SUITE}-{key(packages)}"
    if not store.answers("inspect", "--type=image", reference):
        files = context(cache, packages)
        with progress.step(f"making {reference}") as current:
            store.build(files, reference, {}, current)
    return reference


def context(cache: Cache, packages: tuple[str, ...] = PACKAGES) -> Path:
    """A folder with the file system as one archive and the Dockerfile that unpacks it; renamed when complete."""
    place = cache.images / f"base-{key(packages)}"
    if place.exists():
        return place
    unfinished = place.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    root = unfinished / "root"
    root.mkdir(parents=True)
    root.chmod(0o755)  # this folder becomes `/`, whatever the umask
    title = f"installing Debian {SUITE} with {' and '.join(packages)} (a minute)"
    with progress.step(title) as current:
        progress.run(_debootstrap(root, packages), current, cache.logs / "debootstrap.log")
    log = cache.logs / "tar.log"
    left_out = [f"--exclude=./{pattern}" for pattern in LEFT_OUT]
    with progress.step("packing it") as current:
        archive = unfinished / "root.tar"
        progress.run(["tar", "--numeric-owner", *left_out, "-C", root, "-cf", archive, "."], current, log)
    shutil.rmtree(root)
    (unfinished / "Dockerfile").write_text(_DOCKERFILE)
    unfinished.rename(place)
    return place


def _debootstrap(root: Path, packages: tuple[str, ...]) -> list[str | Path]:
    """debootstrap mounts /proc and /sys in its target, hence the private mounts."""
    found = mirror.read_mirror()
    words = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", SUITE]
    return [*PRIVATE, *words, root, *([] if found is None else [found])]
