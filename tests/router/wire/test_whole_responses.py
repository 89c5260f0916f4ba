"""The usage of responses that are not streams: the same however long they are, and however they are split."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.wire.surfaces import Surface
from fairlead.router.wire.whole_responses import WholeResponse
from fairlead.routing.refusal import TokenUsage

OF_CHAT: Final = {
    "prompt_tokens": 12,
    "total_tokens": 5012,
    "completion_tokens": 5000,
    "prompt_tokens_details": {"cached_tokens": 4},
}
OF_MESSAGES: Final = {
    "input_tokens": 8,
    "cache_creation": {"ephemeral": 0, "of": "{"},
    "cache_read_input_tokens": 4,
    "output_tokens": 5000,
}
USED: Final = TokenUsage(prompt_tokens=12, output_tokens=5000, cached_tokens=4)
LONG: Final = 20_000
KEPT: Final = 4096
"""Bytes that are held here."""


def of(body: bytes, most: int = 1000, surface: Surface = Surface.CHAT) -> TokenUsage | None:
    """The usage found in this body, if it arrives in pieces of so many bytes."""
    response = WholeResponse(KEPT)
    for at in range(0, len(body), most):
        response.take(body[at : at + most])
    return response.summary(surface).usage


def written(size: int, **members: Any) -> bytes:  # noqa: ANN401 - any JSON
    """A response with a text of this size, and these members after it."""
    return json.dumps({"choices": [{"text": "x" * size, "finish_reason": "stop"}]} | members).encode()


@given(
    size=st.integers(0, LONG),
    most=st.one_of(st.integers(20, 200), st.integers(20, LONG)),
    usage=st.sampled_from([OF_CHAT, OF_MESSAGES]),
    more=st.integers(0, LONG),
)
def test_the_usage_is_found_wherever_it_is_and_wherever_the_response_is_cut(
    size: int, most: int, usage: dict[str, Any], more: int
) -> None:
    body = written(size, usage=usage, prompt_logprobs="y" * more)
    assert of(body, most) == USED
    assert of(body.replace(b'": ', b'":'), most) == USED


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"usage": None},
        {"usage": {"type": "object", "description": "of a tool's argument"}},
        {"usage": {"prompt_tokens": "12", "prompt_tokens_details": 4}},
        {"usage": {"prompt_tokens": 12, "of": "x" * 3000}},
        {"note": json.dumps({"usage": OF_CHAT})},
    ],
)
def test_what_is_no_usage_counts_nothing(members: dict[str, Any]) -> None:
    assert of(written(LONG, **members)) is None


def test_what_a_request_repeats_of_itself_does_not_hide_the_usage() -> None:
    tool = {"parameters": {"properties": {"usage": {"prompt_tokens": 0, "completion_tokens": 0}}}}
    assert of(written(LONG, tools=[tool], usage=OF_CHAT)) == USED
    assert of(written(LONG, usage=OF_CHAT, more={"usage": {"type": "object"}})) == USED


def test_a_short_response_is_parsed_with_its_ending() -> None:
    response = WholeResponse()
    response.take(written(10, usage=OF_CHAT))
    found = response.summary(Surface.CHAT)
    assert (found.usage, found.finish_reason) == (USED, "stop")
    assert WholeResponse().summary(Surface.CHAT).usage is None
