"""What streams cost a tenant with a budget: the tokens that are in them, not the events."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.router import priced_api
from tests.router.gateways import gateway, posted
from tests.router.planes import STREAM, Raw, events, run_story
from tests.router.test_costs import bearer

MANY_WORDS: Final = b'{"choices":[{"index":0,"text":"%b","finish_reason":null}]}' % (b"word " * 100)
LAST: Final = b'{"choices":[{"index":0,"text":"","finish_reason":"stop"}]}'
USED: Final = b'{"choices":[],"usage":{"prompt_tokens":500,"completion_tokens":1000}}'


def test_a_stream_with_many_tokens_in_each_event_costs_all_of_them(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(events(*[MANY_WORDS] * 10, LAST, USED)).listening() as api:
            config = priced_api.before(api.address, tmp_path, "100")
            async with gateway(config) as router:
                status, _, text = await posted(router, STREAM, **bearer())
                assert (status, text.count("word word"), "usage" in text) == (200, 10 * 50, False)
                spent = (await router.page())["tenants"]["shop"]["spent"]
                assert spent == pytest.approx((500 * 2 + 1000 * 8) / 1e6)
            sent = json.loads(api.seen[0].partition(b"\r\n\r\n")[2])
            assert sent["stream_options"] == {"include_usage": True}

    run_story(story())
