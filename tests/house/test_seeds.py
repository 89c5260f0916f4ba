"""A new clone starts with the caches of the last one on this machine; a clone that has its own keeps it."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devcluster.cache import Cache
from house import seeds

HELD = Path(".build/pure/held.json")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def clone(folder: Path, lock: str = "mypy==1\n") -> Path:
    (folder / "locks").mkdir(parents=True)
    (folder / "locks" / "dev.txt").write_text(lock)
    return folder


def learn(root: Path, text: str) -> None:
    (root / HELD).parent.mkdir(parents=True, exist_ok=True)
    (root / HELD).write_text(text)
    (root / ".mypy_cache").mkdir(exist_ok=True)
    (root / ".build" / "pure" / "rest.lock").touch()


def test_a_new_clone_starts_with_the_caches_of_the_last_one(tmp_path: Path, cache: Cache) -> None:
    first, second = clone(tmp_path / "first"), clone(tmp_path / "second")
    assert seeds.taken(first, cache)
    assert not (first / HELD).exists(), "nobody learnt anything yet"
    learn(first, "all of it")
    seeds.give(first, cache)

    assert seeds.taken(second, cache)
    assert (second / HELD).read_text() == "all of it"
    assert not (second / ".build" / "pure" / "rest.lock").exists(), "a lock is of one clone"


def test_what_is_left_later_takes_the_place_of_what_was_left_before(tmp_path: Path, cache: Cache) -> None:
    for number in (1, 2):
        root = clone(tmp_path / str(number))
        learn(root, f"clone {number}")
        seeds.give(root, cache)

    last = clone(tmp_path / "last")
    assert seeds.taken(last, cache)
    assert (last / HELD).read_text() == "clone 2"
    assert len(list((cache.root / "checks").iterdir())) == 1, "nothing half done stays"


def test_clones_that_finish_together_publish_one_after_the_other(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def on_a_slow_disk(path: Path, target: Path) -> Path:
        renamed = rename(path, target)
        time.sleep(0.01)
        return renamed

    monkeypatch.setattr(Path, "rename", on_a_slow_disk)
    roots = [clone(tmp_path / str(number)) for number in range(6)]
    for root in roots:
        learn(root, root.name)
    with ThreadPoolExecutor(len(roots)) as pool:
        for _ in range(3):
            list(pool.map(lambda root: seeds.give(root, cache), roots))

    last = clone(tmp_path / "last")
    assert seeds.taken(last, cache)
    assert (last / HELD).read_text() in {root.name for root in roots}


def test_a_file_that_goes_while_it_is_copied_is_not_missed(tmp_path: Path, cache: Cache) -> None:
    first, second = clone(tmp_path / "first"), clone(tmp_path / "second")
    learn(first, "all of it")
    (first / ".build" / "pure" / "serve.pid4711").symlink_to(tmp_path / "gone")
    seeds.give(first, cache)
    assert seeds.taken(second, cache)
    assert {one.name for one in (second / ".build" / "pure").iterdir()} == {"held.json"}


def test_a_clone_that_knows_something_keeps_it(tmp_path: Path, cache: Cache) -> None:
    first, mine = clone(tmp_path / "first"), clone(tmp_path / "mine")
    learn(first, "another's")
    seeds.give(first, cache)
    learn(mine, "my own")

    assert not seeds.taken(mine, cache)
    assert (mine / HELD).read_text() == "my own"


def test_other_versions_of_the_tools_begin_anew(tmp_path: Path, cache: Cache) -> None:
    first, later = clone(tmp_path / "first"), clone(tmp_path / "later", lock="mypy==2\n")
    learn(first, "with mypy 1")
    seeds.give(first, cache)

    assert seeds.taken(later, cache)
    assert not (later / HELD).exists()
