"""A router's file is read again when it changes, whatever came before."""

import asyncio
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig
from fairlead.router.watched_file import WatchedFile
from tests.router.planes import run_story
from tests.router.test_discovery import until


def written(path: Path, routers: int, **more: object) -> Path:
    path.write_text(json.dumps({"renderedFrom": "x", "targets": [], "routes": [], "routers": routers} | more))
    return path


def put_key(folder: Path, key: str) -> Path:
    """Replace the tenant's key as the kubelet does: by a new file in place of the old one."""
    secret, fresh = folder / "key", folder / "fresh"
    fresh.write_text(key)
    return fresh.replace(secret)


def with_key(path: Path, key: str, routers: int) -> Path:
    secret = put_key(path.parent, key)
    return written(path, routers, routing={"tenants": [{"name": "shop", "keyFiles": [str(secret)]}]})


def only(key: str) -> dict[bytes, str]:
    return {sha256(key.encode()).digest(): "shop"}


def test_a_key_that_is_replaced_while_the_file_is_applied_is_revoked(tmp_path: Path) -> None:
    path, applied = with_key(tmp_path / "router.json", "leaked", 1), list[RouterConfig]()

    def apply(fresh: RouterConfig) -> None:
        applied.append(fresh)
        if len(applied) == 1:
            put_key(tmp_path, "new")

    async def story() -> None:
        watched = WatchedFile(path, apply)
        assert watched.load().keys == only("leaked")
        with_key(path, "leaked", 2)
        following = asyncio.create_task(watched.follow(0.005))
        await until(lambda: bool(applied) and applied[-1].keys == only("new"))
        following.cancel()

    run_story(story())


def test_what_changes_while_the_router_starts_is_applied_although_a_watch_shows_the_same_text(tmp_path: Path) -> None:
    path, applied = with_key(tmp_path / "router.json", "leaked", 1), list[RouterConfig]()

    async def story() -> None:
        watched = WatchedFile(path, applied.append)
        watched.load()
        watched.take(with_key(path, "new", 22).read_text())
        assert (applied[-1].routers, applied[-1].keys) == (22, only("new"))
        put_key(tmp_path, "third")
        following = asyncio.create_task(watched.follow(0.005))
        await until(lambda: applied[-1].keys == only("third"))
        following.cancel()

    run_story(story())


def test_a_key_that_is_replaced_before_the_router_serves_is_revoked(tmp_path: Path) -> None:
    path, applied = with_key(tmp_path / "router.json", "leaked", 1), list[RouterConfig]()

    async def story() -> None:
        watched = WatchedFile(path, applied.append)
        assert watched.load().keys == only("leaked")
        put_key(tmp_path, "new")
        following = asyncio.create_task(watched.follow(0.005))
        await until(lambda: bool(applied) and applied[-1].keys == only("new"))
        following.cancel()

    run_story(story())


def invalid(path: Path) -> None:
    path.write_text("{}")


def not_utf_8(path: Path) -> None:
    path.write_bytes(b"\xff")


def no_file(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("break_file", [invalid, not_utf_8, no_file, Path.unlink])
def test_a_key_is_revoked_although_the_file_breaks_at_the_same_moment_and_later_the_file_is_applied(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, break_file: Callable[[Path], None]
) -> None:
    path, applied = with_key(tmp_path / "router.json", "leaked", 1), list[RouterConfig]()

    async def story() -> None:
        watched = WatchedFile(path, applied.append)
        watched.load()
        put_key(tmp_path, "new")
        break_file(path)
        following = asyncio.create_task(watched.follow(0.005))
        await until(lambda: "the previous content stays in force" in caplog.text)
        await asyncio.sleep(0.05)
        assert [(one.routers, one.keys) for one in applied] == [(1, only("new"))]
        if path.is_dir():
            path.rmdir()
        with_key(path, "new", 22)
        await until(lambda: applied[-1].routers == 22)
        following.cancel()

    run_story(story())


def test_a_file_that_cannot_be_read_for_a_moment_is_read_once_it_can_and_that_is_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, applied, failures = written(tmp_path / "router.json", 1), list[int](), [0, 0, 0]
    read = loader.text_of

    def text_of(file: Path) -> str:
        if failures:
            failures.pop()
            raise OSError(5, "Input/output error")
        return read(file)

    async def story() -> None:
        watched = WatchedFile(path, lambda fresh: applied.append(fresh.routers))
        watched.load()
        monkeypatch.setattr(loader, "text_of", text_of)
        written(path, 22)
        following = asyncio.create_task(watched.follow(0.005))
        await until(lambda: applied == [22])
        following.cancel()

    run_story(story())
    assert caplog.text.count("Input/output error; the previous content stays in force") == 1


def test_a_file_that_changed_before_its_watch_shows_another_text_is_read(tmp_path: Path) -> None:
    """The watch may be behind: an API server's cache is."""
    path, applied = written(tmp_path / "router.json", 1), list[int]()

    async def story() -> None:
        watched = WatchedFile(path, lambda fresh: applied.append(fresh.routers))
        watched.load()
        written(path, 333)
        watched.take(written(tmp_path / "watched.json", 22).read_text())
        following = asyncio.create_task(watched.follow(0.005))
        await until(lambda: applied == [22, 333])
        following.cancel()

    run_story(story())


def test_a_bug_in_applying_a_file_is_logged_and_the_next_change_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, applied = written(tmp_path / "router.json", 1), list[int]()

    def apply(fresh: RouterConfig) -> None:
        if fresh.routers == 22:
            raise IndexError
        applied.append(fresh.routers)

    async def story() -> None:
        watched = WatchedFile(path, apply)
        watched.load()
        following = asyncio.create_task(watched.follow(0.005))
        written(path, 22)
        await until(lambda: "was not applied" in caplog.text)
        written(path, 333)
        await until(lambda: applied == [1, 333])
        following.cancel()

    run_story(story())


def test_after_a_bug_a_change_of_a_key_tries_the_file_again_and_falls_back_to_what_was_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = tmp_path / "key"
    key.write_text("one")
    tenants = {"routing": {"tenants": [{"name": "shop", "keyFiles": [str(key)]}]}}
    path, applied, bugs = written(tmp_path / "router.json", 1, **tenants), list[int](), [1, 1]

    def apply(fresh: RouterConfig) -> None:
        if fresh.routers == 22 and bugs:
            bugs.pop()
            raise IndexError
        applied.append(fresh.routers)

    async def story() -> None:
        watched = WatchedFile(path, apply)
        watched.load()
        following = asyncio.create_task(watched.follow(0.005))
        written(path, 22, **tenants)
        await until(lambda: applied == [1])
        key.write_text("three")
        await until(lambda: applied == [1, 1])
        assert caplog.text.count("was not applied") == 2
        key.write_text("fifth")
        await until(lambda: applied == [1, 1, 22])
        following.cancel()

    run_story(story())


def test_a_bug_in_applying_a_watched_text_does_not_end_the_watch_and_its_file_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, applied, bugs = written(tmp_path / "router.json", 1), list[int](), [1]

    def apply(fresh: RouterConfig) -> None:
        if fresh.routers == 22 and bugs:
            bugs.pop()
            raise IndexError
        applied.append(fresh.routers)

    async def story() -> None:
        watched = WatchedFile(path, apply)
        watched.load()
        watched.take(written(tmp_path / "watched.json", 22).read_text())
        assert (applied, "the watched ConfigMap was not applied" in caplog.text) == ([], True)
        following = asyncio.create_task(watched.follow(0.005))
        written(path, 22)
        await until(lambda: applied == [22])
        following.cancel()

    run_story(story())
