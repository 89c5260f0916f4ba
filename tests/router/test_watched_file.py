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


def written(path: Path, routers: int) -> Path:
    path.write_text(json.dumps({"renderedFrom": "x", "targets": [], "routes": [], "routers": routers}))
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
        await until(lambda: applied == [333])
        following.cancel()

    run_story(story())
