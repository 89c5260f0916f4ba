"""The response cache of a gateway: an answer belongs to the target that gave it, and says which one that is."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from tests.router.gateways import Json, gateway, posted, single, target, written
from tests.router.planes import Raw, answering, plane, run_story, whole
from tests.router.recalling import CACHE, broken_after, until_followed
from tests.router.test_external_apis import outside
from tests.router.test_falling_back import ANSWER, EVERY, PROMPT, came_from
from tests.router.test_judged_answers import BAD, CHAT, FORM, GOOD, QUESTION, answer, stream

COLD: Final[Json] = PROMPT | {"temperature": 0}
HELD: Final = "held"
"""The prompt whose answer waits."""


def test_requests_that_follow_one_that_falls_back_say_which_target_answered(tmp_path: Path) -> None:
    async def story() -> None:
        go_on = asyncio.Event()
        async with answering(broken_after(go_on)) as address, Raw(ANSWER).listening() as other:
            targets = [target("a", address), target("b", other.address)]
            routes = [single("chat", "ns/a", "ns/b", reasons=EVERY)]
            config = written(tmp_path, targets, routes, cache=CACHE)
            async with gateway(config, log=tmp_path / "log") as router:
                requests = []
                for number in range(1, 4):
                    requests.append(asyncio.create_task(posted(router, COLD)))
                    await until_followed(router, number)
                go_on.set()
                answers = await asyncio.gather(*requests)
        words = [headers["x-fairlead-cache"] for _, headers, _ in answers]
        assert words == ["miss", "joined", "joined"], "one request to the second target, too"
        fallback = "EngineError; from=ns/a"
        assert [came_from(headers) for _, headers, _ in answers] == [("ns/b", fallback)] * 3
        assert [headers["x-fairlead-route"] for _, headers, _ in answers] == ["chat"] * 3
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert [(line["target"], line["fallback"]) for line in lines] == [("ns/b", fallback)] * 3

    run_story(story())


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_an_answer_that_breaks_its_schema_is_not_given_again(tmp_path: Path, streams: bool) -> None:
    made = stream if streams else answer
    body = QUESTION | {"response_format": FORM, "temperature": 0, "stream": streams}

    async def story() -> None:
        async with Raw(made(BAD), made(GOOD)).listening() as engine:
            config = written(tmp_path, [target("a", engine.address)], [single("chat", "ns/a")], cache=CACHE)
            async with gateway(config) as router:
                answers = [await posted(router, body, CHAT) for _ in range(3)]
                refused = 'fairlead_router_cache_not_kept_total{reason="invalid"}'
                assert await router.metric(refused) == 1
        assert [headers["x-fairlead-cache"] for _, headers, _ in answers] == ["miss", "miss", "hit"]
        assert ["town" in text for _, _, text in answers] == [True, False, False]

    run_story(story())


def test_an_external_api_that_gets_another_model_gives_no_answers_of_the_former_one(tmp_path: Path) -> None:
    async def story() -> None:
        go_on = asyncio.Event()

        async def answer(request: web.Request) -> web.Response:
            sent = await request.json()
            if sent["prompt"] == HELD and sent["model"] == "old":
                await go_on.wait()
            choices = [{"text": "a", "finish_reason": "stop"}]
            return web.json_response({"model": sent["model"], "choices": choices, "usage": {"completion_tokens": 1}})

        async with answering(answer) as address:

            def config(model: str) -> Path:
                externals = [outside(address, tmp_path, model=model)]
                return written(tmp_path, [], [single("chat", "external/big")], externals, cache=CACHE)

            async with gateway(config("old")) as router:

                async def answered_by(**more: Any) -> str:  # noqa: ANN401 - any JSON
                    return str(json.loads((await posted(router, COLD | more))[2])["model"])

                former = asyncio.create_task(answered_by(prompt=HELD))
                await until_followed(router, 1)
                config("new")
                while await answered_by(temperature=1) != "new":
                    await asyncio.sleep(0.01)
                assert await answered_by(prompt=HELD) == "new", "it does not follow the request to the former model"
                go_on.set()
                assert await former == "old"
                assert await answered_by(prompt=HELD) == "new"

    run_story(story())


@pytest.mark.parametrize("started", [True, False])
def test_equal_requests_that_rules_send_to_two_targets_get_an_answer_from_each(tmp_path: Path, started: bool) -> None:
    async def story() -> None:
        small, big = Raw(*[ANSWER] * 2), Raw(*[ANSWER] * 2)
        healthy = small.to_probes
        if not started:
            small.to_probes = big.to_probes = whole(b"{}", 500)
        hard = {"name": "hard", "when": {"tasks": ["hard"]}, "target": "ns/big"}
        route = single("chat", "ns/small") | {"strategy": "Rules", "rules": [hard]}
        async with small.listening(), big.listening():
            targets = [target("small", small.address), target("big", big.address)]
            async with plane(written(tmp_path, targets, [route], cache=CACHE)) as router:
                requests = []
                for task in ("easy", "easy", "hard"):
                    requests.append(asyncio.create_task(posted(router, COLD, x_fairlead_task=task)))
                    await asyncio.sleep(0.05)
                small.to_probes = big.to_probes = healthy
                answers = await asyncio.gather(*requests)
                assert [status for status, _, _ in answers] == [200] * 3
                assert [headers["x-fairlead-target"] for _, headers, _ in answers] == ["ns/small", "ns/small", "ns/big"]
                _, headers, _ = await posted(router, COLD)
                assert headers["x-fairlead-cache"] == "hit", "also of an answer for which an engine had to start"

    run_story(story())
