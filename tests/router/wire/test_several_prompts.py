"""Bodies with several prompts, with other things than prompts, and with more than text."""

from typing import Any

import pytest

from fairlead.router.wire.surfaces import Surface
from tests.router.wire.test_body_facts import chat, read

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CHAT = {"role": "user", "content": "hello"}


@pytest.mark.parametrize(
    ("surface", "members", "replies", "longest"),
    [
        (Surface.COMPLETIONS, {"prompt": "one"}, 1, None),
        (Surface.COMPLETIONS, {"prompt": [1, 2, 3]}, 1, None),
        (Surface.COMPLETIONS, {"prompt": []}, 1, None),
        (Surface.COMPLETIONS, {}, 1, None),
        (Surface.COMPLETIONS, {"prompt": ["one", "größe"], "n": 2}, 4, 7),
        (Surface.COMPLETIONS, {"prompt": [[1, 2, 3], [4]]}, 2, 12),
        (Surface.COMPLETIONS, {"prompt": ["one", 1, {"a": 2}]}, 3, 3),
        (Surface.EMBEDDINGS, {"input": ["a", "abc", "ab"]}, 3, 3),
        (Surface.EMBEDDINGS, {"messages": [CHAT, CHAT]}, 1, None),
        (Surface.CHAT, {"messages": [CHAT, CHAT], "n": 3}, 3, None),
        (Surface.OTHER, {"query": "q", "documents": ["a", "b"]}, 1, 0),
    ],
)
def test_each_of_several_prompts_has_its_own_replies_and_limits_apply_to_the_longest(
    surface: Surface, members: dict[str, Any], replies: int, longest: int | None
) -> None:
    found = read(surface, members)
    assert (found.n, found.longest) == (replies, longest)


def test_a_form_holds_no_prompt_that_a_limit_applies_to() -> None:
    found = read(Surface.OTHER, b"--boundary\r\nRIFF" + bytes(1000))
    assert (found.n, found.longest, found.is_all_text) == (1, 0, False)


@pytest.mark.parametrize(
    ("surface", "members"),
    [
        (
            Surface.CHAT,
            {"messages": [CHAT, {"role": "user", "content": [{"type": "text", "text": "?"}, IMAGE, IMAGE]}]},
        ),
        (Surface.MESSAGES, {"system": [IMAGE], "messages": [{"role": "user", "content": [IMAGE]}]}),
        (Surface.RESPONSES, {"input": [{"role": "user", "content": [IMAGE, IMAGE]}]}),
        (Surface.EMBEDDINGS, {"messages": [{"role": "user", "content": [IMAGE, IMAGE]}]}),
        (Surface.TOKENIZE, {"messages": [{"role": "user", "content": [IMAGE, IMAGE]}]}),
    ],
)
def test_images_are_counted_and_are_no_text(surface: Surface, members: dict[str, Any]) -> None:
    found = read(surface, members)
    assert (found.media, found.is_all_text) == (2, False)


def test_a_text_is_all_that_engines_count_unless_it_continues_an_answer_that_they_keep() -> None:
    assert (chat().media, chat().is_all_text) == (0, True)
    assert read(Surface.RESPONSES, {"input": "and?"}).is_all_text
    assert read(Surface.RESPONSES, {"input": "and?", "previous_response_id": None}).is_all_text
    assert not read(Surface.RESPONSES, {"input": "and?", "previous_response_id": "resp_1"}).is_all_text
    assert not read(Surface.CHAT, {"messages": "hi"}).is_all_text, "its whole body counts as the prompt"
