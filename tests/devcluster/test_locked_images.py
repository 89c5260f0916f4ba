"""Images of third-party software: each follows its locks, is built once, and shares nothing with our own."""

from pathlib import Path

import pytest

from devcluster.cache import Cache
from devcluster.image import build, lm_eval, sglang_cpu, vllm_cpu, wheels
from devcluster.image.locked_image import LockedImage

IMAGES = (vllm_cpu.IMAGE, sglang_cpu.IMAGE, lm_eval.IMAGE)
LOCKS = [(image, lock) for image in IMAGES for lock in image.locks]

every = pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of locks alone."""
    (tmp_path / "locks").mkdir()
    for _, lock in LOCKS:
        (tmp_path / "locks" / lock).write_text("torch==2\n")
    (tmp_path / "locks" / "dev.txt").write_text("pip==26 \\\n    --hash=sha256:aa\n")
    return tmp_path


@pytest.mark.parametrize(("image", "lock"), LOCKS, ids=[lock for _, lock in LOCKS])
def test_another_lock_is_another_image(checkout: Path, image: LockedImage, lock: str) -> None:
    before = build.key(image.snapshot(checkout))
    (checkout / "locks" / lock).write_text("torch==3\n")
    assert build.key(image.snapshot(checkout)) != before


@every
def test_an_archive_that_is_there_answers_at_once(checkout: Path, tmp_path: Path, image: LockedImage) -> None:
    cache = Cache(tmp_path / "cache")
    archive = cache.images / f"{image.name}-{build.key(image.snapshot(checkout))}.tar"
    archive.parent.mkdir(parents=True)
    archive.write_text("an image")
    assert image.ensure(checkout, cache) == build.BuiltImage(reference=image.reference, archive=archive)


@every
def test_its_archive_and_its_wheels_are_none_that_our_own_image_would_drop(tmp_path: Path, image: LockedImage) -> None:
    (tmp_path / f"{image.name}-0.tar").touch()
    for number in range(build.KEPT + 1):
        (tmp_path / f"fairlead-{number}.tar").touch()
    build.drop_old(tmp_path)
    assert (tmp_path / f"{image.name}-0.tar").exists()
    assert not image.wheels.name.startswith(f"{wheels.OURS.name}-")
