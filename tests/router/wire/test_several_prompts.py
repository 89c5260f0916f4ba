"""Bodies with several prompts, with other things than prompts, and with more than text."""

from typing import Any

import pytest

from fairlead.router.wire.prompt_size import PromptSize
from fairlead.router.wire.surfaces import Surface
from tests.router.wire.test_body_facts import chat, read

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SHOT = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 10_000}}
INPUT = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 10_000}
CHAT = {"role": "user", "content": "hello"}


def returned(content: object) -> dict[str, Any]:
    """What a tool returned, in Anthropic's API."""
    return {"type": "tool_result", "tool_use_id": "t", "content": content}


@pytest.mark.parametrize(
    ("surface", "members", "replies", "longest"),
    [
        (Surface.COMPLETIONS, {"prompt": "one"}, 1, None),
        (Surface.COMPLETIONS, {"prompt": [1, 2, 3]}, 1, None),
        (Surface.COMPLETIONS, {"prompt": [1.0, 2, 3]}, 1, None),
        (Surface.COMPLETIONS, {"prompt": []}, 1, None),
        (Surface.COMPLETIONS, {}, 1, None),
        (Surface.COMPLETIONS, {"prompt": ["one", "größe"], "n": 2}, 4, PromptSize(7)),
        (Surface.COMPLETIONS, {"prompt": [[1, 2, 3], [4]]}, 2, PromptSize(ids=3)),
        (Surface.COMPLETIONS, {"prompt": ["one", 1, {"a": 2}]}, 3, PromptSize(3)),
        (Surface.EMBEDDINGS, {"input": ["a", "abc", "ab"]}, 3, PromptSize(3)),
        (Surface.EMBEDDINGS, {"messages": [CHAT, CHAT]}, 1, None),
        (Surface.CHAT, {"messages": [CHAT, CHAT], "n": 3}, 3, None),
        (Surface.COMPLETIONS, {"prompt": ["one", [1]]}, 2, PromptSize(ids=1)),
        (Surface.TEXTS, {"query": "q", "documents": ["a", "b"]}, 1, PromptSize()),
        (Surface.OTHER, {"state": "one long text"}, 1, None),
    ],
)
def test_each_of_several_prompts_has_its_own_replies_and_limits_apply_to_the_longest(
    surface: Surface, members: dict[str, Any], replies: int, longest: PromptSize | None
) -> None:
    facts = read(surface, members)
    assert (facts.n, facts.longest) == (replies, longest)


def test_a_form_holds_no_prompt_that_a_limit_applies_to() -> None:
    facts = read(Surface.OTHER, b"--boundary\r\nRIFF" + bytes(1000))
    assert (facts.n, facts.longest, facts.is_all_text) == (1, PromptSize(), False)


def test_a_file_counts_as_an_image_does_for_each_few_seconds_of_sound_and_not_as_text() -> None:
    mp3 = read(Surface.OTHER, b"--boundary\r\nRIFF" + bytes(4_000_000))
    assert (mp3.size, mp3.is_counted) == (PromptSize(media=16), False)


@pytest.mark.parametrize(
    ("surface", "members", "size", "counted"),
    [
        (Surface.COMPLETIONS, {"prompt": [1, 2, 3]}, PromptSize(ids=3), True),
        (Surface.COMPLETIONS, {"prompt": [[1, 2, 3], [4], [5, 6]]}, PromptSize(ids=6), True),
        (Surface.COMPLETIONS, {"prompt": [1.0, 2.0, 3]}, PromptSize(ids=3), True),
        (Surface.EMBEDDINGS, {"input": [[1.0, 2.0], [3]]}, PromptSize(ids=3), True),
        (Surface.EMBEDDINGS, {"input": [[1, 2], [3]]}, PromptSize(ids=3), True),
        (Surface.EMBEDDINGS, {"input": [1, 2], "messages": [CHAT]}, PromptSize(len("_user_hello"), ids=2), False),
        (Surface.COMPLETIONS, {"prompt": ["text", [1, 2]]}, PromptSize(len("text"), ids=2), False),
        (Surface.COMPLETIONS, {"prompt": [1, "a long text"]}, PromptSize(3, ids=2), False),
        (Surface.COMPLETIONS, {"prompt": [-1, -2]}, PromptSize(ids=2), True),
        (Surface.COMPLETIONS, {"prompt": "text"}, PromptSize(len("text")), False),
        (Surface.COMPLETIONS, {"prompt": []}, PromptSize(), False),
    ],
)
def test_tokens_that_a_client_sends_as_numbers_are_counted_and_no_text(
    surface: Surface, members: dict[str, Any], size: PromptSize, *, counted: bool
) -> None:
    facts = read(surface, members)
    assert (facts.size, facts.is_counted) == (size, counted)
    assert facts.is_all_text is not bool(size.ids)


@pytest.mark.parametrize(
    ("surface", "members"),
    [
        (
            Surface.CHAT,
            {"messages": [CHAT, {"role": "user", "content": [{"type": "text", "text": "?"}, IMAGE, IMAGE]}]},
        ),
        (Surface.MESSAGES, {"system": [IMAGE], "messages": [{"role": "user", "content": [IMAGE]}]}),
        (Surface.RESPONSES, {"input": [{"role": "user", "content": [IMAGE, IMAGE]}]}),
        (Surface.MESSAGES, {"messages": [{"role": "user", "content": [returned([SHOT, SHOT])]}]}),
        (Surface.MESSAGES, {"messages": [{"role": "user", "content": [SHOT, returned([{"text": "seen"}, SHOT])]}]}),
        (Surface.RESPONSES, {"input": [{"type": "function_call_output", "call_id": "c", "output": [INPUT, INPUT]}]}),
        (Surface.EMBEDDINGS, {"messages": [{"role": "user", "content": [IMAGE, IMAGE]}]}),
        (Surface.TOKENIZE, {"messages": [{"role": "user", "content": [IMAGE, IMAGE]}]}),
    ],
)
def test_images_are_counted_and_are_no_text(surface: Surface, members: dict[str, Any]) -> None:
    facts = read(surface, members)
    assert (facts.media, facts.is_all_text) == (2, False)
    assert len(facts.prompt) < 100, "a digest of each"


@pytest.mark.parametrize(
    "content",
    [
        "a text",
        [{"type": "text", "text": "a text"}],
        [{"type": "search_result", "content": [{"type": "text", "text": "a text"}]}],
        [5, "a text"],
        {"type": "error", "why": "a text"},
    ],
)
def test_what_a_tool_returned_in_text_is_text(content: object) -> None:
    facts = read(Surface.MESSAGES, {"messages": [{"role": "user", "content": [returned(content)]}]})
    assert (facts.media, facts.is_all_text, b"a text" in facts.prompt) == (0, True, True)


def test_results_within_results_are_read_once() -> None:
    """Each level read anew would take the router seconds for one body."""
    deep: object = [SHOT]
    for _ in range(100):
        deep = [returned(deep)]
    facts = read(Surface.MESSAGES, {"messages": [{"role": "user", "content": deep}]})
    assert (facts.media, len(facts.prompt) > 10_000) == (0, True)


def test_a_text_is_all_that_engines_count_unless_it_continues_an_answer_that_they_keep() -> None:
    assert (chat().media, chat().is_all_text) == (0, True)
    assert read(Surface.RESPONSES, {"input": "and?"}).is_all_text
    assert read(Surface.RESPONSES, {"input": "and?", "previous_response_id": None}).is_all_text
    assert not read(Surface.RESPONSES, {"input": "and?", "previous_response_id": "resp_1"}).is_all_text
    assert not read(Surface.CHAT, {"messages": "hi"}).is_all_text, "its whole body counts as the prompt"
    assert not read(Surface.OTHER, {"state": "hi"}).is_all_text, "its names and images count as well"
    assert not read(Surface.TEXTS, {"query": "hi"}).is_all_text
