"""Which requests have only one possible answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.cache import cacheability
from fairlead.router.cache.reasons import CacheBypassReason

COLD = {"temperature": 0}


NAMES = st.sampled_from(["type", "content", "output", "url", "image_url", "source", "uuid", "text", "base64"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["text", "image_url", "base64", "data:x", "https://x"]),
    lambda of: st.lists(of, max_size=3) | st.dictionaries(NAMES, of, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["messages", "input", "tools", "temperature", "seed", "n", "store", "prompt", "best_of"])


def user(*parts: Any) -> dict[str, Any]:  # noqa: ANN401 -- whatever JSON may hold
    return {**COLD, "messages": [{"role": "user", "content": list(parts)}]}


def returned(*parts: Any) -> dict[str, Any]:  # noqa: ANN401 -- whatever JSON may hold
    """What a tool returned."""
    return {**COLD, "input": [{"type": "function_call_output", "call_id": "c", "output": list(parts)}]}


SOURCE = {"source": {"type": "base64", "data": "AA"}}


@pytest.mark.parametrize(
    ("surface", "body"),
    [
        ("chat", COLD),
        ("chat", {"temperature": 0.0, "n": 1, "best_of": None}),
        ("chat", {"temperature": 0.7, "seed": 7}),
        ("chat", {"seed": 0}),
        ("chat", {**COLD, "tools": [{"type": "function", "function": {"name": "weather"}}], "tool_choice": "auto"}),
        ("chat", user({"type": "text", "text": "http://not.an.address"})),
        ("chat", user({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}})),
        ("chat", user({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}})),
        ("chat", user("a bare string")),
        ("chat", user({"image_url": "data:image/png;base64,AAAA"})),
        ("completions", COLD),
        ("responses", {**COLD, "input": "x"}),
        ("responses", {**COLD, "store": False, "input": [{"role": "user", "content": "x"}]}),
        ("responses", {**COLD, "input": [{"type": "input_image", "image_url": "data:image/png;base64,AA"}]}),
        ("responses", {"seed": 3, "input": [{"type": "function_call_output", "call_id": "c", "output": "4"}]}),
        ("responses", returned({"type": "input_text", "text": "4"})),
        ("responses", returned({"type": "input_image", "image_url": "data:image/png;base64,AA"})),
        ("messages", {**COLD, "tools": [{"name": "weather", "input_schema": {}}]}),
        ("messages", user({"type": "image", "source": {"type": "base64", "data": "AA"}})),
        ("messages", user({"type": "tool_result", "content": [{"type": "text", "text": "4"}]})),
        ("embeddings", {"input": "x"}),
    ],
)
def test_these_may_be_given_twice(surface: str, body: dict[str, Any]) -> None:
    assert cacheability.objection(surface, body) is None


@pytest.mark.parametrize(
    ("surface", "body", "reason"),
    [
        ("chat", {}, CacheBypassReason.SAMPLED),
        ("chat", {"temperature": 0.1}, CacheBypassReason.SAMPLED),
        ("chat", {"temperature": False}, CacheBypassReason.SAMPLED),
        ("chat", {"temperature": 1, "seed": None}, CacheBypassReason.SAMPLED),
        ("chat", {"temperature": 1, "seed": -1}, CacheBypassReason.SAMPLED),
        ("messages", {"temperature": 1, "seed": 7}, CacheBypassReason.SAMPLED),
        ("chat", {**COLD, "n": 2}, CacheBypassReason.SEVERAL),
        ("completions", {**COLD, "best_of": 3}, CacheBypassReason.SEVERAL),
        ("chat", {**COLD, "store": True}, CacheBypassReason.STATEFUL),
        ("chat", {**COLD, "kv_transfer_params": {"do_remote_decode": True}}, CacheBypassReason.STATEFUL),
        ("responses", {**COLD, "background": True}, CacheBypassReason.STATEFUL),
        ("responses", {**COLD, "previous_response_id": "resp_1"}, CacheBypassReason.STATEFUL),
        ("messages", {**COLD, "mcp_servers": [{"url": "https://x"}]}, CacheBypassReason.STATEFUL),
        ("responses", {**COLD, "tools": [{"type": "web_search"}]}, CacheBypassReason.TOOLS_ACT),
        ("messages", {**COLD, "tools": [{"type": "web_search_20250305"}]}, CacheBypassReason.TOOLS_ACT),
        ("chat", {**COLD, "tools": ["odd"]}, CacheBypassReason.TOOLS_ACT),
        ("chat", {**COLD, "tools": {"odd": 1}}, CacheBypassReason.TOOLS_ACT),
        ("chat", user({"type": "image_url", "image_url": {"url": "https://x/cat.png"}}), CacheBypassReason.ELSEWHERE),
        ("chat", user({"type": "image_url", "image_url": None, "uuid": "cat"}), CacheBypassReason.ELSEWHERE),
        (
            "chat",
            user({"type": "image_url", "image_url": {"url": "data:,"}, "uuid": "cat"}),
            CacheBypassReason.ELSEWHERE,
        ),
        ("chat", user({"image_url": "https://x/cat.png"}), CacheBypassReason.ELSEWHERE),
        ("chat", user({"type": None, "video_url": {"url": "https://x/cat.mp4"}}), CacheBypassReason.ELSEWHERE),
        ("chat", user({"audio_url": "https://x/cat.wav"}), CacheBypassReason.ELSEWHERE),
        ("chat", user({"image_pil": None, "uuid": "cat"}), CacheBypassReason.ELSEWHERE),
        ("chat", user({"type": "input_audio", "input_audio": None, "uuid": "cat"}), CacheBypassReason.ELSEWHERE),
        ("chat", user({"type": "image_url", "image_url": {"url": "https://x"}, **SOURCE}), CacheBypassReason.ELSEWHERE),
        ("chat", user({"image_url": {"type": "base64", "url": "https://x"}}), CacheBypassReason.ELSEWHERE),
        ("chat", user({"type": "file", "file": {"file_id": "f1"}}), CacheBypassReason.ELSEWHERE),
        ("chat", user(7), CacheBypassReason.ELSEWHERE),
        ("chat", user({"type": ["odd"]}), CacheBypassReason.ELSEWHERE),
        ("responses", {**COLD, "prompt": {"id": "p1"}}, CacheBypassReason.ELSEWHERE),
        ("responses", {**COLD, "input": [{"type": "item_reference", "id": "i1"}]}, CacheBypassReason.ELSEWHERE),
        ("responses", returned({"type": "input_image", "image_url": "https://x"}), CacheBypassReason.ELSEWHERE),
        ("responses", returned({"type": "input_file", "file_id": "f1"}), CacheBypassReason.ELSEWHERE),
        (
            "messages",
            user({"type": "image", "source": {"type": "url", "url": "https://x"}}),
            CacheBypassReason.ELSEWHERE,
        ),
    ],
)
def test_these_may_not(surface: str, body: dict[str, Any], reason: CacheBypassReason) -> None:
    assert cacheability.objection(surface, body) is reason


@given(st.sampled_from(sorted(cacheability.CHECKS)), st.dictionaries(FIELDS, JSON))
def test_a_body_of_any_shape_always_gets_a_verdict(surface: str, body: dict[str, Any]) -> None:
    assert cacheability.objection(surface, {"temperature": 0, **body}) in (None, *CacheBypassReason)
