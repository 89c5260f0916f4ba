"""The token usage that answers and streams carry, whole or by prompt."""

import json

import pytest

from fairlead.router.wire import events
from fairlead.router.wire.events import EventScan
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.refusal import TokenUsage
from tests.router.wire.test_events import WORDS, usage


@pytest.mark.parametrize(
    ("surface", "body", "values"),
    [
        (
            Surface.CHAT,
            {
                "choices": [{"message": {}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 2},
            },
            (usage(1, 2), "stop", False),
        ),
        (
            Surface.RESPONSES,
            {"status": "completed", "error": None, "usage": {"input_tokens": 3}},
            (usage(3, 0), "completed", False),
        ),
        (Surface.MESSAGES, {"type": "message", "stop_reason": "max_tokens"}, (None, "max_tokens", False)),
        (
            Surface.MESSAGES,
            {"usage": {"input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 1}},
            (usage(5, 1), None, False),
        ),
        (Surface.CHAT, {"error": {"message": "m"}}, (None, None, True)),
        (Surface.EMBEDDINGS, {"data": [], "usage": {"prompt_tokens": 4}}, (usage(4, 0), None, False)),
        (Surface.OTHER, {"text": "a", "usage": {"type": "duration", "seconds": 3}}, (None, None, False)),
        (Surface.OTHER, [1], (None, None, False)),
    ],
)
def test_whole_answers_yield_their_token_usage(
    surface: Surface, body: object, values: tuple[TokenUsage | None, str | None, bool]
) -> None:
    found = events.answer_summary(surface, json.dumps(body).encode())
    assert (found.usage, found.finish_reason, found.error) == values


def counted(prompt: int, output: int, cached: int | None, **more: object) -> bytes:
    details = {} if cached is None else {"prompt_tokens_details": {"cached_tokens": cached}}
    of_prompt = {"prompt_tokens": prompt, "completion_tokens": output} | details
    return b"data: " + json.dumps({"choices": [], "usage": of_prompt} | more).encode() + b"\n\n"


@pytest.mark.parametrize(("cached", "together"), [((1, 2), 3), ((None, 2), 2), ((None, None), None)])
def test_usage_of_each_prompt_adds_up_where_an_engine_sends_it_so(
    cached: tuple[int | None, int | None], together: int | None
) -> None:
    so_far = counted(3, 1, None, choices=[{"text": "b", "finish_reason": None}])
    stream = WORDS[0] + counted(5, 4, cached[0]) + so_far + counted(3, 2, cached[1])

    by_prompt, by_chat, others = (
        EventScan(Surface.COMPLETIONS, by_prompt=True),
        EventScan(Surface.CHAT, by_prompt=True),
        EventScan(Surface.COMPLETIONS),
    )
    for scan in (by_prompt, by_chat, others):
        scan.take(stream)

    assert by_prompt.usage == usage(8, 6, together), "without the count of a prompt that goes on"
    assert by_chat.usage == others.usage
    assert (others.usage.prompt_tokens, others.usage.output_tokens) == (3, 2) if others.usage else False
