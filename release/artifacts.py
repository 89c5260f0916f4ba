"""`make artifacts`: image, chart and bill of materials of the checked-out commit, and their checksums, in dist/."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from devcluster import progress
from devcluster.cache import Cache
from devcluster.image import build
from devcluster.setup import tools
from release import image, image_contents, materials, packing
from release.image import ReleasedImage
from release.tree import ReleaseRefused, SourceTree

CHART: Final = "charts/fairlead"
SUMS: Final = "SHA256SUMS"


class Artifact(NamedTuple):
    """One file of a release."""

    path: Path
    sha256: str


class Artifacts(NamedTuple):
    """All files of a release."""

    image_digest: str
    files: Sequence[Artifact]


def make(tree: SourceTree, cache: Cache, place: Path) -> Artifacts:
    """Build all artifacts into a folder, which is emptied once it is clear that this machine can build them."""
    changed = tree.changed_files()
    if changed:
        raise ReleaseRefused(
            f"{len(changed)} files are not committed, first {changed[0]}: artifacts are of a commit, so commit them"
        )
    version, seconds = tree.version(), tree.commit_seconds()
    build.prepare(cache)
    cache.images.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with TemporaryDirectory(prefix="fairlead-release-", dir=cache.images) as folder:
        built = image.make(tree, version, cache, Path(folder) / "layout")
        files = [
            _packed(built, place / f"fairlead-{version}.oci.tar", seconds),
            _chart(tree, cache, place / f"fairlead-{version}.tgz", seconds),
            _materials(built, version, place / f"fairlead-{version}.cdx.json", seconds),
        ]
    found = [Artifact(one, _sha256(one)) for one in files]
    (place / SUMS).write_text("".join(f"{one.sha256}  {one.path.name}\n" for one in found), encoding="utf-8")
    return Artifacts(built.digest, found)


def _packed(built: ReleasedImage, to: Path, seconds: int) -> Path:
    with progress.step(f"writing {to.name}"), to.open("wb") as opened:
        packing.pack(packing.folder(built.layout), opened, seconds)
    return to


def _chart(tree: SourceTree, cache: Cache, to: Path, seconds: int) -> Path:
    helm = tools.ensure(cache, ("helm",)) / "helm"
    with progress.step(f"writing {to.name}"), TemporaryDirectory() as folder:
        words = (str(helm), "package", str(tree.root / CHART), "--destination", folder)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ReleaseRefused(f"helm package: {done.stderr.strip()}")
        (made,) = Path(folder).glob("*.tgz")
        to.write_bytes(packing.repacked(made.read_bytes(), seconds))
    return to


def _materials(built: ReleasedImage, version: str, to: Path, seconds: int) -> Path:
    with progress.step(f"writing {to.name}"):
        contents = image_contents.read(built.layout, built.wheels)
        to.write_text(materials.bill(version, built.digest, contents, seconds), encoding="utf-8")
    return to


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
