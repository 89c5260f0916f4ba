"""What vLLM refuses, in its words: every row of its error table, and the engine's own refusals."""

import json

import pytest

from tests.emulator.surface.pretending import run_story, serving
from tests.emulator.surface.wrong_requests import CHATS, COMPLETIONS, X


@pytest.mark.parametrize(
    ("path", "row"),
    [("/v1/completions", row) for row in COMPLETIONS] + [("/v1/chat/completions", row) for row in CHATS],
)
def test_a_wrong_request_is_refused_as_vllm_refuses_it(path: str, row: str) -> None:
    body, status, words, param = (CHATS if "chat" in path else COMPLETIONS)[row]

    async def story() -> None:
        async with serving() as engine:
            answered, expected = await engine.post(path, body)
        error = expected["error"]
        assert (answered, list(error), error["code"]) == (status, ["message", "type", "param", "code"], status)
        assert words in error["message"]
        assert error["param"] == param
        unread = "validation error" in error["message"]
        assert error["type"] == ("Bad Request" if unread else "NotFoundError" if status == 404 else "BadRequestError")
        assert engine.driver.runs == []

    run_story(story())


def test_only_json_is_read() -> None:
    async def story() -> None:
        async with serving() as engine:
            status, body = await engine.post("/v1/completions", json.dumps(X), Content_Type="text/plain")
        words = "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed"
        assert (status, body["error"]["message"], body["error"]["param"]) == (400, words, None)

    run_story(story())


def test_a_wrong_value_of_any_length_is_repeated_in_short() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, body = await engine.post("/v1/completions", X | {"max_tokens": "x" * 5000})
        assert "...[truncated]" in body["error"]["message"]
        assert len(body["error"]["message"]) < 500

    run_story(story())


def test_values_that_mean_the_same_are_taken_as_pydantic_takes_them() -> None:
    async def story() -> None:
        body = X | {
            "max_tokens": "2",
            "n": 1.0,
            "temperature": "0.5",
            "stream": "no",
            "ignore_eos": "yes",
            "seed": None,
        }
        async with serving() as engine:
            status, whole = await engine.post("/v1/completions", body | {"unheard": "of", "best_of": 3})
        assert (status, whole["usage"]["completion_tokens"]) == (200, 2)

    run_story(story())
