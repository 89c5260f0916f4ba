"""Replies of more than a megabyte, as with the probabilities of many tokens: they are counted as any other."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.router import priced_api
from tests.router.gateways import gateway, posted
from tests.router.planes import PROMPT, Raw, run_story, whole
from tests.router.test_costs import bearer
from tests.router.test_engine_requests import keyed, router_before

LONG: Final = whole(
    json.dumps(
        {
            "choices": [{"text": "a", "logprobs": {"tokens": "x" * 1_200_000}, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 500, "completion_tokens": 5000},
            "prompt_logprobs": "x" * 100_000,
        }
    ).encode()
)


def test_a_long_reply_of_an_external_api_costs_what_its_tokens_cost(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(LONG).listening() as api:
            config = priced_api.before(api.address, tmp_path, "100")
            async with gateway(config) as router:
                assert (await posted(router, PROMPT, **bearer()))[0] == 200
                spent = (await router.page())["tenants"]["shop"]["spent"]
                assert spent == pytest.approx((500 * 2 + 5000 * 8) / 1e6)

    run_story(story())


def test_a_long_reply_takes_its_tokens_of_its_tenants_rate(tmp_path: Path) -> None:
    async def story() -> None:
        engine, mine = Raw(LONG), {"Authorization": "Bearer sk-1"}
        async with router_before(tmp_path, engine, **keyed(tmp_path, tokensPerMinute=1000)) as router:
            for status in (200, 429):
                async with router.session.post(router.url + "/v1/completions", json=PROMPT, headers=mine) as answer:
                    await answer.read()
                    assert answer.status == status

    run_story(story())
