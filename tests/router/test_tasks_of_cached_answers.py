"""Tasks whose requests the response cache answered: they exist, cost nothing, and can be reported."""

import asyncio
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web

from tests.router.gateways import Json, gateway, posted, single, target, written
from tests.router.planes import PROMPT, Plane, answering, run_story
from tests.router.recalling import CACHE, broken_after, until_followed
from tests.router.test_costs import samples
from tests.router.test_falling_back import EVERY

COLD: Final[Json] = PROMPT | {"temperature": 0}
ANSWER: Final[Json] = {
    "choices": [{"text": "a", "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}


async def reported(router: Plane, task: str) -> int:
    """The status of a report that this task succeeded."""
    return (await posted(router, {"task": task, "success": True}, "/fairlead/v1/outcomes"))[0]


async def tasks(router: Plane, name: str) -> tuple[float | None, float | None]:
    """The tasks that began at this target, and those that are reported to have succeeded."""
    found = await samples(router, "fairlead_router_task")
    of = f'target="{name}",revision=""'
    outcome = f'fairlead_router_task_outcomes{{{of},outcome="succeeded"}}'
    return found.get(f"fairlead_router_tasks_total{{{of}}}"), found.get(outcome)


def test_a_task_that_the_cache_answered_can_be_reported_and_cost_nothing(tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(ANSWER)

    async def story() -> None:
        async with answering(answer) as address:
            targets = [target("a", address, pricePerHour="3600")]
            config = written(tmp_path, targets, [single("chat", "ns/a")], cache=CACHE)
            async with gateway(config) as router:
                for task, word in (("one", "miss"), ("two", "hit"), ("", "hit")):
                    named = {"x_fairlead_task": task} if task else {}
                    assert (await posted(router, COLD, **named))[1]["x-fairlead-cache"] == word
                assert [await reported(router, task) for task in ("one", "two", "three")] == [200, 200, 404]
                assert await tasks(router, "ns/a") == (2, 2)

    run_story(story())


def test_a_task_that_followed_another_request_belongs_to_the_target_that_answered(tmp_path: Path) -> None:
    async def story() -> None:
        go_on = asyncio.Event()

        async def answer(_: web.Request) -> web.Response:
            return web.json_response(ANSWER)

        async with answering(broken_after(go_on)) as first, answering(answer) as second:
            targets = [target("a", first, pricePerHour="3600"), target("b", second, pricePerHour="3600")]
            routes = [single("chat", "ns/a", "ns/b", reasons=EVERY)]
            async with gateway(written(tmp_path, targets, routes, cache=CACHE)) as router:
                requests = []
                for number, task in enumerate(("one", "two"), 1):
                    requests.append(asyncio.create_task(posted(router, COLD, x_fairlead_task=task)))
                    await until_followed(router, number)
                go_on.set()
                words = [headers["x-fairlead-cache"] for _, headers, _ in await asyncio.gather(*requests)]
                assert words == ["miss", "joined"]
                assert [await reported(router, task) for task in ("one", "two")] == [200, 200]
                assert (await tasks(router, "ns/a"), await tasks(router, "ns/b")) == ((1, 1), (1, 1))

    run_story(story())


@pytest.mark.parametrize("name", ["invoice-17", "счёт-17", "Rechnung ü"])
def test_a_name_in_any_script_is_the_one_in_the_report(tmp_path: Path, name: str) -> None:
    async def story() -> None:
        async def answer(_: web.Request) -> web.Response:
            return web.json_response(ANSWER)

        async with answering(answer) as address:
            config = written(tmp_path, [target("a", address, pricePerHour="3600")], [single("chat", "ns/a")])
            async with gateway(config) as router:
                assert (await posted(router, PROMPT, x_fairlead_task=name))[0] == 200
                assert await reported(router, name) == 200

    run_story(story())
