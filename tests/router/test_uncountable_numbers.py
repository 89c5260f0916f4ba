"""A limit of output that engines could read otherwise than the router is refused: it reserves and bypasses nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.router.planes import CHAT, PROMPT, Raw, exchange_bytes, posted, run_story
from tests.router.test_engine_requests import ANSWER, keyed, router_before

KEY = "Authorization: Bearer sk-1"


@pytest.mark.parametrize(
    ("path", "body", "param", "shown"),
    [
        ("/v1/chat/completions", CHAT | {"max_tokens": -(10**15)}, "max_tokens", "-1000000000000000"),
        ("/v1/chat/completions", CHAT | {"max_completion_tokens": "+5000"}, "max_completion_tokens", '"+5000"'),
        ("/v1/chat/completions", CHAT | {"max_tokens": 5, "n": -2}, "n", "-2"),
        ("/v1/chat/completions", CHAT | {"n": [3]}, "n", "an array or object"),
        ("/v1/completions", PROMPT | {"max_tokens": "5_000"}, "max_tokens", '"5_000"'),
    ],
)
def test_a_number_that_cannot_be_counted_is_refused_and_takes_nothing_of_its_tenants_rate(
    tmp_path: Path, path: str, body: dict[str, Any], param: str, shown: str
) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        routing = keyed(tmp_path, tokensPerMinute=1000) | {"limits": {"maxOutputTokens": 100}}
        async with router_before(tmp_path, engine, **routing) as router:
            answer = await exchange_bytes(router, posted(body, path, KEY))
            error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
            assert (answer[:12], error) == (
                b"HTTP/1.1 400",
                {
                    "message": f"{param}: {shown}: limits, rates and budgets count with this number; "
                    "send a whole number of 1 or more, such as 16",
                    "type": "invalid_request_error",
                    "param": param,
                    "code": "invalid_request",
                },
            )
            assert engine.seen == []
            answer = await exchange_bytes(router, posted(PROMPT | {"max_tokens": 90}, "/v1/completions", KEY))
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"x-ratelimit-remaining-tokens: 9" in answer

    run_story(story())


def test_messages_with_a_negative_limit_are_refused_in_anthropics_form(tmp_path: Path) -> None:
    async def story() -> None:
        body = {"model": "chat", "messages": [{"role": "user", "content": "hello"}], "max_tokens": -5}
        async with router_before(tmp_path, Raw()) as router:
            answer = await exchange_bytes(router, posted(body, "/v1/messages"))
            page = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert (page["type"], page["error"]["type"]) == ("error", "invalid_request_error")
            assert page["error"]["message"].startswith("max_tokens: -5: ")

    run_story(story())


def test_the_larger_of_two_limits_decides_as_engines_obey_either(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        async with router_before(tmp_path, engine, limits={"maxOutputTokens": 100}) as router:
            status, text = await router.complete(
                CHAT | {"max_completion_tokens": 1, "max_tokens": 5000}, "/v1/chat/completions"
            )
            assert (status, json.loads(text)["error"]["code"]) == (400, "output_too_long")
            assert engine.seen == []

    run_story(story())
