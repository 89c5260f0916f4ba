"""The page that a router serves to other processes: requests are counted on arrival, whatever becomes of them."""

import json
from pathlib import Path

from tests.router.planes import PROMPT, Raw, plane, run_story, whole, written

ANSWER = whole(b'{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}')


def test_requests_and_the_tokens_of_their_prompts_are_counted_as_they_come(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 4).listening() as engine, plane(written(tmp_path, [engine.address])) as router:
            await router.until("routable")
            before = (await router.page())["demand"]
            for _ in range(2):
                await router.complete()
            await router.complete({**PROMPT, "model": "nobody"})
            page = await router.page()
            assert before == {"asked": 0, "promptTokens": 0}
            assert page["demand"]["asked"] == 2
            assert page["demand"]["promptTokens"] > 0

    run_story(story())


def test_a_share_of_the_traffic_is_reported_as_soon_as_it_is_applied(tmp_path: Path) -> None:
    async def story() -> None:
        file = written(tmp_path, ["127.0.0.1:1"])
        document = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(document | {"share": {"revision": "1a2b3c4d", "percent": 5}}), encoding="utf-8")
        async with plane(file) as router:
            assert (await router.page())["share"] == {"revision": "1a2b3c4d", "percent": 5}

    run_story(story())
