"""The response cache of a gateway: an answer belongs to the target that gave it."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from tests.router.gateways import Json, gateway, posted, single, written
from tests.router.planes import answering, run_story
from tests.router.recalling import CACHE, until_followed
from tests.router.test_external_apis import outside
from tests.router.test_falling_back import PROMPT

COLD: Final[Json] = PROMPT | {"temperature": 0}
HELD: Final = "held"
"""The prompt whose answer waits."""


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
