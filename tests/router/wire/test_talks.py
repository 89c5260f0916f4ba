"""The client's name for its conversation, by which independent routers send it to one place."""

import json

import pytest

from fairlead.router.wire import body_facts, prefix_blocks
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.surfaces import Surface


def _read(surface: Surface, members: dict[str, object]) -> BodyFacts:
    facts = body_facts.read(surface, json.dumps(members).encode())
    assert isinstance(facts, BodyFacts)
    return facts


@pytest.mark.parametrize(
    ("surface", "members", "session"),
    [
        (Surface.CHAT, {"prompt_cache_key": "session-7"}, b"session-7"),
        (Surface.RESPONSES, {"prompt_cache_key": "session-7"}, b"session-7"),
        (Surface.CHAT, {"prompt_cache_key": ""}, None),
        (Surface.CHAT, {"prompt_cache_key": 7}, None),
        (Surface.CHAT, {"metadata": {"user_id": "u"}}, None),
        (Surface.MESSAGES, {"metadata": {"user_id": "user_1_session_2"}}, b"user_1_session_2"),
        (Surface.MESSAGES, {"metadata": {}}, None),
        (Surface.MESSAGES, {"metadata": {"user_id": 5}}, None),
        (Surface.MESSAGES, {}, None),
    ],
)
def test_a_client_may_name_its_talk(surface: Surface, members: dict[str, object], session: bytes | None) -> None:
    assert _read(surface, members).session == session


def test_a_talks_name_is_the_same_number_in_every_router_and_never_none() -> None:
    assert prefix_blocks.session_id(b"session-7") == prefix_blocks.session_id(b"session-7") != 0
    assert prefix_blocks.session_id(b"session-7") != prefix_blocks.session_id(b"session-8")
    assert prefix_blocks.session_id(b"session-7", b"one tenant") != prefix_blocks.session_id(b"session-7", b"another")
