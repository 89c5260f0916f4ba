"""Whatever JSON is in whatever field, the answer is one of vLLM's: the server itself never fails."""

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.emulator.surface import generation_requests
from tests.emulator.surface.pretending import answering, run_story, serving

SCALARS: Final = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
KEYS: Final = st.sampled_from(
    (
        *("type", "function", "name", "json", "regex", "choice", "grammar", "schema", "json_schema", "enum", "role"),
        *("content", "properties", "required", "items", "minItems", "pattern", "$ref", "anyOf", "include_usage"),
        *("parameters", "format"),
    )
)
WORDS: Final = st.sampled_from(
    ["json_schema", "json_object", "text", "auto", "required", "user", "string", "array", "object"]
)
ANYTHING: Final = st.recursive(
    SCALARS | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
MESSAGES: Final = [{"role": "user", "content": "hi"}]
PATHS: Final[dict[str, tuple[list[str], dict[str, Any]]]] = {
    "/v1/completions": (sorted(generation_requests.COMPLETION), {"prompt": "x", "max_tokens": 3}),
    "/v1/chat/completions": (sorted(generation_requests.CHAT), {"messages": MESSAGES, "max_tokens": 3}),
    "/v1/chat/completions/batch": (sorted(generation_requests.CHAT), {"messages": [MESSAGES], "max_tokens": 3}),
    "/v1/responses": (["input", "tools", "tool_choice", "text", "instructions", "model"], {"input": "x"}),
    "/v1/messages": (
        ["messages", "system", "tools", "tool_choice"],
        {"messages": MESSAGES, "max_tokens": 3, "model": "chat"},
    ),
    "/tokenize": (["prompt", "messages", "tools", "model"], {}),
    "/detokenize": (["tokens", "model"], {"tokens": [1]}),
    "/v1/load_lora_adapter": (["lora_name", "lora_path", "load_inplace"], {"lora_name": "x", "lora_path": "y"}),
    "/adapters": (["name", "src", "load_inplace"], {"name": "x", "src": "y"}),
    "/abort_requests": (["request_ids"], {}),
}


@pytest.mark.parametrize("path", sorted(PATHS))
@pytest.mark.parametrize("depth", [100, 900, 990, 100_000])
def test_a_body_of_many_brackets_is_the_clients_mistake(path: str, depth: int) -> None:
    async def story() -> None:
        async with serving(answering(dev_mode=True, runtime_adapters=True)) as engine:
            for name in ("stop", PATHS[path][0][0]):
                nested = "[" * depth + "]" * depth
                body = json.dumps({**PATHS[path][1], name: None}).replace(f'"{name}": null', f'"{name}": {nested}')
                answered, answer = await engine.post(path, body)
                assert answered in (200, 400), (answered, answer)
                assert depth < 10_000 or answered == 400

    run_story(story())


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A valid request with up to three fields replaced."""
    path = draw(st.sampled_from(sorted(PATHS)))
    names, body = PATHS[path]
    wrong = draw(st.dictionaries(st.sampled_from([*names, "stream"]), ANYTHING, min_size=1, max_size=3))
    return path, {**body, **wrong}


@settings(max_examples=40)
@given(st.lists(requests(), min_size=8, max_size=8))
def test_no_body_ever_makes_the_server_fail(several: list[tuple[str, dict[str, Any]]]) -> None:
    async def story() -> None:
        async with serving(answering(dev_mode=True, runtime_adapters=True)) as engine:
            for path, body in several:
                status, answer = await engine.post(path, body)
                assert status in (200, 400, 404), (path, body, answer)

    run_story(story())
