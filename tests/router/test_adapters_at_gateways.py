"""Adapters with versions at a gateway: a request that moves to another target shows the version that answers there."""

import asyncio
import json
from pathlib import Path
from typing import Final

import pytest

from tests.router.gated_engine import Gated
from tests.router.gateways import Json, gateway, single, target, written
from tests.router.planes import PROMPT, Plane, run_story
from tests.router.recalling import CACHE, until_followed
from tests.router.test_adapters_that_come_and_go import NEW, OLD
from tests.router.test_falling_back import ANSWER, BROKEN, EVERY

BODY: Final[Json] = PROMPT | {"model": "sql", "temperature": 0, "max_tokens": 4}
ROUTE: Final = single("sql", "ns/a", "ns/b", reasons=EVERY)


class Listing(Gated):
    """An engine that lists one version of an adapter, and gives one answer once its gate is open."""

    def __init__(self, version: str, answer: bytes) -> None:
        super().__init__(answer)
        self.metrics = json.dumps({"data": [{"id": version}]}).encode()


def adapted(name: str, engine: Listing, version: str) -> Json:
    """A target that has one version of the adapter."""
    versions = [{"name": "sql", "versions": [{"name": version, "percent": 100}], "trial": ""}]
    return target(name, engine.address, models=("chat", "sql"), adapterVersions=versions)


async def answered(router: Plane) -> tuple[int, str, list[str]]:
    """Status, target and all adapter lines of one answer."""
    async with router.session.post(router.url + "/v1/completions", json=BODY) as answer:
        await answer.read()
        lines = answer.headers
        return answer.status, lines["x-fairlead-target"], lines.getall("x-fairlead-adapter", [])


@pytest.mark.parametrize("versioned", [True, False], ids=["another-version", "no-version"])
def test_a_request_that_moves_shows_only_the_version_that_answers(tmp_path: Path, versioned: bool) -> None:
    async def story() -> None:
        first, second = Listing(OLD, BROKEN), Listing(NEW, ANSWER)
        async with first.listening(), second.listening():
            plain = target("b", second.address, models=("sql",))
            targets = [adapted("a", first, OLD), adapted("b", second, NEW) if versioned else plain]
            async with gateway(written(tmp_path, targets, [ROUTE])) as router:
                first.gate.set()
                second.gate.set()
                assert await answered(router) == (200, "ns/b", [NEW] if versioned else [])

    run_story(story())


def test_a_request_that_stays_shows_its_version(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Listing(OLD, ANSWER)
        async with engine.listening():
            routes = [single("sql", "ns/a")]
            async with gateway(written(tmp_path, [adapted("a", engine, OLD)], routes)) as router:
                engine.gate.set()
                assert await answered(router) == (200, "ns/a", [OLD])

    run_story(story())


def test_requests_that_follow_one_that_moves_show_the_version_that_answers(tmp_path: Path) -> None:
    async def story() -> None:
        first, second = Listing(OLD, BROKEN), Listing(NEW, ANSWER)
        async with first.listening(), second.listening():
            second.gate.set()
            targets = [adapted("a", first, OLD), adapted("b", second, NEW)]
            async with gateway(written(tmp_path, targets, [ROUTE], cache=CACHE)) as router:
                requests = []
                for number in range(1, 4):
                    requests.append(asyncio.create_task(answered(router)))
                    await until_followed(router, number)
                first.gate.set()
                assert await asyncio.gather(*requests) == [(200, "ns/b", [NEW])] * 3

    run_story(story())
