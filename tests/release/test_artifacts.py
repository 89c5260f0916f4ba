"""`make artifacts` on a fresh machine: what it needs before it empties the folder of the last release."""

from pathlib import Path

import pytest

from devcluster.cache import Cache
from devcluster.image import build
from devcluster.progress import StepFailed
from release import artifacts, image
from release.image import ReleasedImage
from release.tree import SourceTree
from tests.release.test_proposal import tree

__all__ = ["tree"]


def test_a_machine_that_cannot_build_an_image_keeps_the_artifacts_of_the_last_release(
    tree: SourceTree, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks_root(_: Cache) -> None:
        raise StepFailed("building the image needs root")

    monkeypatch.setattr(build, "prepare", lacks_root)
    dist = tmp_path_factory.mktemp("dist")
    (dist / "SHA256SUMS").write_text("of 0.0.9")
    with pytest.raises(StepFailed, match="needs root"):
        artifacts.make(tree, Cache(tmp_path_factory.mktemp("cache")), dist)
    assert (dist / "SHA256SUMS").read_text() == "of 0.0.9"


def test_the_first_build_in_a_cache_finds_a_place_for_the_layers(
    tree: SourceTree, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path_factory.mktemp("home") / "cache")

    def begin(_: SourceTree, version: str, given: Cache, layout: Path) -> ReleasedImage:
        assert (version, given, layout.parent.parent) == ("0.1.0", cache, cache.images)
        assert layout.parent.is_dir()
        raise StepFailed("it has begun")

    monkeypatch.setattr(build, "prepare", lambda _: None)
    monkeypatch.setattr(image, "make", begin)
    with pytest.raises(StepFailed, match="it has begun"):
        artifacts.make(tree, cache, tmp_path_factory.mktemp("dist"))
