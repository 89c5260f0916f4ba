"""Equal requests in different lanes and bands: the urgent one does not wait where the other one does."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from tests.router.planes import answering, plane, run_story, written
from tests.router.recalling import CACHE, COLD, got, until_followed

BUSY: Final[dict[str, Any]] = COLD | {"messages": [{"role": "user", "content": "a long story"}]}


def _config(folder: Path, address: str) -> Path:
    """Of a router whose one engine takes four requests at once."""
    config = written(folder, [address], cache=CACHE, batchLane={"belowUtilization": 0.2, "maxQueueSeconds": 3600.0})
    config.write_text(json.dumps(json.loads(config.read_text()) | {"maxSequences": 4}))
    return config


def test_an_interactive_request_does_not_wait_with_an_equal_one_of_the_batch_lane(tmp_path: Path) -> None:
    async def story() -> None:
        go_on = asyncio.Event()

        async def answer(request: web.Request) -> web.Response:
            if (await request.json()).get("messages") == BUSY["messages"]:
                await go_on.wait()
            choice = {"message": {"content": "so"}, "finish_reason": "stop"}
            return web.json_response({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})

        async with answering(answer) as address, plane(_config(tmp_path, address)) as router:
            await router.until("routable")
            busy = asyncio.create_task(got(router, BUSY))
            await until_followed(router, 1)
            batch = asyncio.create_task(got(router, x_fairlead_lane="batch"))
            await until_followed(router, 2)
            answered = await got(router)
            assert (answered[0], batch.done()) == ("miss", False)
            assert await got(router, x_fairlead_lane="batch") == ("hit", answered[1])
            go_on.set()
            assert [(await one)[0] for one in (busy, batch)] == ["miss", "miss"]

    run_story(story())
