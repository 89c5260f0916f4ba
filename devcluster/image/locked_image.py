"""Images of third-party software as archives for a node's containerd, made from hashed locks.

Such an image may have gigabytes, so only one archive of each is kept, and the wheels of one lock.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from devcluster import progress, turns
from devcluster.cache import Cache
from devcluster.image import base, build, wheels
from devcluster.image.build import BuiltImage
from devcluster.image.store import Store
from devcluster.image.wheels import WheelSet


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedImage:
    """The inputs of one image."""

    name: str
    """Name of its archive: `vllm-cpu`."""
    software: str
    reference: str
    size: str
    dockerfile: Path
    locks: tuple[str, ...]
    packages: tuple[str, ...]
    """Debian packages in its base."""
    sources: tuple[Path, ...] = ()
    """Our own files that are added, under their names."""
    without_wheels: tuple[str, ...] = ()
    """Packages that exist only as source distributions."""

    @property
    def wheels(self) -> WheelSet:
        """Everything that its locks name, and pip."""
        return WheelSet(
            name=f"{self.software.lower()}-wheels", locks=(*self.locks, wheels.PIP), without_wheels=self.without_wheels
        )

    def ensure(self, root: Path, cache: Cache) -> BuiltImage:
        """Return the image of this checkout's locks; builds it if its archive is missing."""
        files = self.snapshot(root)
        archive = cache.images / f"{self.name}-{build.key(files)}.tar"
        if not build.is_there(archive):
            build.prepare(cache)
            with turns.alone(cache.images / f".{self.name}.lock", f"a build of {self.software}'s image"):
                if not build.is_there(archive):
                    self._build(files, cache, archive)
        return BuiltImage(reference=self.reference, archive=archive)

    def snapshot(self, root: Path) -> dict[str, bytes]:
        """Read every file of the build's context except wheels, which the locks name with their digests."""
        locks = root / "locks"
        files = {name: (locks / name).read_bytes() for name in self.locks}
        files |= {path.name: path.read_bytes() for path in self.sources}
        pip = wheels.pip_requirement((locks / "dev.txt").read_text(encoding="utf-8"))
        own = {"Dockerfile": self.dockerfile.read_bytes(), "base": base.key(self.packages).encode()}
        return files | own | {wheels.PIP: pip.encode()}

    def _build(self, files: dict[str, bytes], cache: Cache, archive: Path) -> None:
        context = build.lay_out(files, cache.images / f"{self.software.lower()}-context")
        wheels.copy_to(context, cache, self.wheels)
        opened = Store.opened(cache)
        arguments = {"BASE": base.ensure(opened, cache, self.packages), "PIP_NO_INDEX": "1"}
        with progress.step(f"building {self.reference} ({self.size})") as current:
            opened.build(context, self.reference, arguments, current)
        build.write(opened, self.reference, archive)
        for older in cache.images.glob(f"{self.name}-*.tar"):
            if older != archive:
                older.unlink()

    def main(self) -> int:
        """Build it; print its reference, its archive and its size."""
        try:
            built = self.ensure(Path(__file__).resolve().parents[2], Cache.chosen())
        except progress.StepFailed as problem:
            print(f"image-{self.name}: {problem}", file=sys.stderr)
            return 1
        print(built.reference, f"{built.archive} ({built.archive.stat().st_size / 1e9:.1f} GB)", sep="\n")
        return 0
