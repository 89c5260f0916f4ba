"""Numbers that limits and rates are computed from: what the router cannot count, it names."""

from typing import Any

import pytest

from fairlead.router.wire.surfaces import Surface
from tests.router.wire.test_body_facts import read


@pytest.mark.parametrize(
    ("surface", "members", "wanted"),
    [
        (Surface.CHAT, {"max_tokens": 5, "max_completion_tokens": None, "n": 2}, None),
        (Surface.CHAT, {"max_tokens": -5}, ("max_tokens", -5)),
        (Surface.CHAT, {"max_tokens": 5, "max_completion_tokens": "+5000"}, ("max_completion_tokens", "+5000")),
        (Surface.COMPLETIONS, {"max_tokens": "5_000"}, ("max_tokens", "5_000")),
        (Surface.COMPLETIONS, {"max_tokens": "0" * 19 + "5"}, ("max_tokens", "0" * 19 + "5")),
        (Surface.COMPLETIONS, {"n": -(10**15)}, ("n", -(10**15))),
        (Surface.RESPONSES, {"max_output_tokens": True, "n": -1}, ("max_output_tokens", True)),
        (Surface.MESSAGES, {"max_tokens": -1}, ("max_tokens", -1)),
        (Surface.OTHER, {"max_tokens": "many", "n": -3}, None),
    ],
)
def test_a_number_that_engines_may_read_otherwise_is_named_and_counts_as_none(
    surface: Surface, members: dict[str, Any], wanted: tuple[str, object] | None
) -> None:
    facts = read(surface, members)
    assert facts.uncountable == wanted
    assert facts.n >= 1


@pytest.mark.parametrize(
    ("surface", "replies"),
    [
        (Surface.CHAT, 4096),
        (Surface.COMPLETIONS, 4096),
        (Surface.RESPONSES, 1),
        (Surface.MESSAGES, 1),
        (Surface.EMBEDDINGS, 1),
        (Surface.OTHER, 1),
    ],
)
def test_only_apis_that_give_several_replies_count_them(surface: Surface, replies: int) -> None:
    """Engines ignore the member elsewhere, so that a tenant could claim room for replies that nobody writes."""
    assert read(surface, {"model": "m", "n": 4096}).n == replies
    untyped = read(surface, {"model": "m", "n": 4096, "messages": 7, "prompt": 7.5, "input": 7.5})
    assert untyped.n == replies
