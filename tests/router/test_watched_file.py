"""A router's file is read again when it changes, whatever came before."""

import asyncio
import json
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


def test_a_bug_in_applying_a_file_is_logged_and_the_next_change_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, applied = written(tmp_path / "router.json", 1), list[int]()

    def apply(fresh: RouterConfig) -> None:
        if fresh.routers == 22:
            raise IndexError
        applied.append(fresh.routers)

    async def story() -> None:
        following = asyncio.create_task(WatchedFile(path, loader.load(path), apply).follow(0.005))
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
        following = asyncio.create_task(WatchedFile(path, loader.load(path), apply).follow(0.005))
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
        watched = WatchedFile(path, loader.load(path), apply)
        watched.take(written(tmp_path / "watched.json", 22).read_text())
        assert (applied, "the watched ConfigMap was not applied" in caplog.text) == ([], True)
        following = asyncio.create_task(watched.follow(0.005))
        written(path, 22)
        await until(lambda: applied == [22])
        following.cancel()

    run_story(story())
