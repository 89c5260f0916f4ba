"""Builds the project's own Dockerfile without Docker, as an archive for a node's containerd.

The archive is named by a digest of its sources, so equal sources are built once, from any checkout. Nothing is written
to the checkout: the build uses a copy of exactly the files in the digest.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster import progress, turns
from devcluster.cache import Cache
from devcluster.image import base, compiled, wheels
from devcluster.image.compiled_files import LIST
from devcluster.image.store import Store
from devcluster.setup import debian, machine

REFERENCE: Final = "localhost/fairlead:dev"
"""A name without a registry: a node that lacks the image reports that instead of contacting the internet."""

KEPT: Final = 3
"""Archives that stay: this branch's, the last one's, and an older one; each has about 300 MB."""

PROGRAMS: Final = {
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "mount": "mount",
    "tar": "tar",
    "unshare": "util-linux",
}
"""Programs of the build, and the Debian package of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image in a file, for `ctr images import`."""

    reference: str
    archive: Path


def build(context: Path, cache: Cache) -> BuiltImage:
    """Return the image of this checkout; builds it if its archive is missing, with one builder at a time."""
    files = snapshot(context)
    archive = cache.images / f"fairlead-{key(files)}.tar"
    if not is_there(archive):
        prepare(cache)
        with turns.alone(cache.images / ".lock", "an image build"):
            if not is_there(archive):
                _build(context, files, cache, archive)
    return BuiltImage(reference=REFERENCE, archive=archive)


def snapshot(context: Path) -> dict[str, bytes]:
    """Read every file of the image once: the build uses what was digested, even if files change meanwhile."""
    paths = [context / "Dockerfile", context / ".dockerignore", context / wheels.RUNTIME]
    paths += [path for path in _sources(context / "operator" / "fairlead") if path.is_file()]
    files = {path.relative_to(context).as_posix(): path.read_bytes() for path in paths}
    dev = (context / "locks" / "dev.txt").read_text(encoding="utf-8")
    return files | {wheels.PIP: wheels.pip_requirement(dev).encode()} | _list(context)


def _list(context: Path) -> dict[str, bytes]:
    """The files to compile: another list makes another image."""
    place = context / LIST
    return {LIST: place.read_bytes()} if place.exists() else {}


def key(files: Mapping[str, bytes]) -> str:
    """A name for the result of these files; lengths are digested too, so that different trees never match."""
    digest = hashlib.sha256(base.key().encode())
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()[:12]


def drop_old(images: Path) -> None:
    """Remove all archives but the newest; each use makes an archive new."""
    archives = sorted(images.glob("fairlead-*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
    for archive in archives[KEPT:]:
        archive.unlink()


def packages(programs: frozenset[str]) -> list[str]:
    """The Debian packages to install beside these programs."""
    return sorted({package for name, package in PROGRAMS.items() if name not in programs})


def lacking(programs: frozenset[str], *, root: bool) -> str | None:
    """What keeps this machine from building, and what to do, in one sentence each."""
    lines = [] if root else ["root, to unpack a file system: run it as root (sudo -E)"]
    if wanted := packages(programs):
        lines.append(f"Debian's {', '.join(wanted)}: apt-get install {' '.join(wanted)}")
    return f"building the image needs {'; and '.join(lines)}" if lines else None


def _sources(package: Path) -> Iterator[Path]:
    return (path for path in package.rglob("*") if "__pycache__" not in path.parts)


def is_there(archive: Path) -> bool:
    """Check and touch in one call, so that no other build drops the archive in between."""
    try:
        os.utime(archive)
    except FileNotFoundError:
        return False
    return True


def prepare(cache: Cache) -> None:
    """Install the programs, as Debian packages if possible."""
    found = frozenset(name for name in PROGRAMS if shutil.which(name, path=machine.search_path()))
    root = os.geteuid() == 0
    if (problem := lacking(found, root=root)) is None:
        return
    if not root:
        raise progress.StepFailed(problem)
    debian.have(packages(found), problem, cache)


def _build(checkout: Path, files: Mapping[str, bytes], cache: Cache, archive: Path) -> None:
    """Collect what the Dockerfile needs, run it, and rename the archive into place once it is complete."""
    context = lay_out(files, cache.images / "context")
    compiled.copy_to(context, checkout, cache)
    opened = Store.opened(cache)
    if wheels.copy_to(context, cache) or opened.driver == "vfs":
        # Not each time: an edit adds kilobytes to an overlay, and this costs the next build 10 s.
        opened.drop_unused()
    arguments = {"BASE": base.ensure(opened, cache), "WHEELS": wheels.FOLDER, "PIP_NO_INDEX": "1"}
    with progress.step(f"building {REFERENCE}") as current:
        opened.build(context, REFERENCE, arguments, current)
    write(opened, REFERENCE, archive)
    drop_old(cache.images)


def write(opened: Store, reference: str, archive: Path) -> None:
    """Write the image as an archive, which exists only when complete."""
    unfinished = archive.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with progress.step(f"writing {archive.name}") as current:
        opened.run(["push", reference, f"docker-archive:{unfinished}:{reference}"], current, "image-push.log")
    unfinished.replace(archive)


def lay_out(files: Mapping[str, bytes], place: Path) -> Path:
    """Make a fresh folder with these files."""
    shutil.rmtree(place, ignore_errors=True)
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def main() -> int:
    """Build this checkout's image; print its reference and its archive."""
    try:
        built = build(Path(__file__).resolve().parents[2], Cache.chosen())
    except progress.StepFailed as problem:
        print(f"image: {problem}", file=sys.stderr)
        return 1
    print(built.reference, built.archive, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
