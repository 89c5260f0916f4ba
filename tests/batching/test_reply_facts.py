"""What is read of replies, whoever wrote them."""

import json

import pytest

from fairlead.batching import reply_facts
from fairlead.batching.reply_facts import ReplyFacts, TokenUsage


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4}, TokenUsage(prompt=9, output=4)),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}},
            TokenUsage(prompt=9, cached=8, output=4),
        ),
        (
            {"input_tokens": 9, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 8}},
            TokenUsage(prompt=9, cached=8, output=4),
        ),
        (
            {"input_tokens": 6, "output_tokens": 4, "cache_read_input_tokens": 3},
            TokenUsage(prompt=9, cached=3, output=4),
        ),
        (
            {"input_tokens": 4, "output_tokens": 4, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2},
            TokenUsage(prompt=9, cached=3, output=4),
        ),
        ({"prompt_tokens": True, "completion_tokens": -4}, TokenUsage()),
        ({"prompt_tokens": 9, "total_tokens": 9}, TokenUsage(prompt=9)),
        (None, TokenUsage()),
        ([3], TokenUsage()),
    ],
)
def test_tokens_are_read_by_the_names_of_each_api(usage: object, expected: TokenUsage) -> None:
    assert reply_facts.read(json.dumps({"usage": usage}).encode()) == ReplyFacts(is_json=True, usage=expected)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"code": "queue_full", "type": "x"}}, "queue_full"),
        ({"error": {"code": 400, "type": "BadRequestError"}}, "BadRequestError"),
        ({"object": "error", "type": "BadRequestError", "code": 400}, "BadRequestError"),
        ({"error": "no"}, ""),
        ({"error": {"code": "two words\n", "type": None}}, ""),
    ],
)
def test_the_code_of_an_error_is_a_word(body: object, code: str) -> None:
    assert reply_facts.read(json.dumps(body).encode()).code == code


@pytest.mark.parametrize("body", [b"", b"no", b"[1]", b'{"usage": {', b"\xff", b'{"a": "\xff"}', b"[" * 100_000])
def test_what_is_no_json_object_is_only_that(body: bytes) -> None:
    assert reply_facts.read(body) == ReplyFacts(is_json=False)
