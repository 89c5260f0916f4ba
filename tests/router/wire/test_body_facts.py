"""What is read from a body: the few facts of each API, whatever else it contains."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.wire import body_facts
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.surfaces import Surface, of
from fairlead.router.wire.unreadable_body import UnreadableBody


def read(surface: Surface, body: object) -> BodyFacts:
    facts = body_facts.read(surface, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert isinstance(facts, BodyFacts)
    return facts


def chat(**members: object) -> BodyFacts:
    return read(Surface.CHAT, {"model": "m", "messages": [{"role": "user", "content": "hello"}], **members})


@pytest.mark.parametrize(
    ("path", "surface"),
    [
        (b"/v1/chat/completions", Surface.CHAT),
        (b"/v1/completions", Surface.COMPLETIONS),
        (b"/v1/responses", Surface.RESPONSES),
        (b"/v1/messages", Surface.MESSAGES),
        (b"/v1/embeddings", Surface.EMBEDDINGS),
        (b"/tokenize", Surface.TOKENIZE),
        (b"/v1/rerank", Surface.TEXTS),
        (b"/v1/messages/count_tokens", Surface.TEXTS),
        (b"/v1/systemone", Surface.OTHER),
    ],
)
def test_the_path_determines_the_api(path: bytes, surface: Surface) -> None:
    assert of(path) is surface


def test_the_facts_that_route_a_chat_are_read_from_its_body() -> None:
    facts = chat(stream=True, max_tokens=64, n=2, temperature=0, seed=7)
    assert (facts.model, facts.stream, facts.max_tokens, facts.n) == ("m", True, 64, 2)
    assert (facts.temperature, facts.seed) == (0.0, 7)
    assert (facts.typed, facts.structured, facts.include_usage) == (True, False, False)


def test_absent_fields_are_not_made_up() -> None:
    facts = read(Surface.CHAT, {})
    assert (facts.model, facts.stream, facts.max_tokens, facts.n) == (None, False, None, 1)
    assert (facts.temperature, facts.seed) == (None, None)
    assert (facts.prompt, facts.structured, facts.include_usage) == (b"", False, False)


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6}, 6),
        ({"max_completion_tokens": 6, "max_tokens": 5}, 6),
        ({"max_completion_tokens": 5, "max_tokens": 6}, 6),
        ({"max_completion_tokens": None, "max_tokens": 5}, 5),
        ({"max_completion_tokens": "+6", "max_tokens": 5}, None),
        ({"max_completion_tokens": 6, "max_tokens": -5}, None),
        ({"max_tokens": None}, None),
        ({"max_tokens": "64"}, 64),
        ({"max_tokens": 64.0}, 64),
        ({"max_tokens": 0}, 0),
        ({"max_tokens": -1}, None),
        ({"max_tokens": 64.5}, None),
        ({"max_tokens": "lots"}, None),
        ({"max_tokens": "²"}, None),
        ({"max_tokens": True}, None),
        ({"max_tokens": [5]}, None),
        ({"max_tokens": 10**30}, None),
        ({"max_tokens": 1e300}, None),
    ],
)
def test_the_most_tokens_are_read_as_engines_read_them(members: dict[str, Any], wanted: int | None) -> None:
    assert chat(**members).max_tokens == wanted
    assert read(Surface.RESPONSES, {"max_output_tokens": 9}).max_tokens == 9
    assert read(Surface.RESPONSES, {"max_tokens": 9}).max_tokens is None
    assert read(Surface.MESSAGES, {"max_tokens": 8}).max_tokens == 8


@pytest.mark.parametrize(
    ("value", "streams"),
    [(True, True), (False, False), (None, False), ("true", True), ("no", False), (1, True), (2, False), ([], False)],
)
def test_the_stream_flag_is_read_as_engines_read_it(value: object, streams: bool) -> None:
    assert chat(stream=value).stream is streams


@pytest.mark.parametrize(
    ("surface", "members", "structured"),
    [
        (Surface.CHAT, {"response_format": {"type": "json_object"}}, True),
        (Surface.CHAT, {"response_format": {"type": "text"}}, False),
        (Surface.CHAT, {"response_format": {"type": "json_schema", "json_schema": {"name": "text"}}}, True),
        (Surface.CHAT, {"response_format": {"json_schema": {}}}, True),
        (Surface.CHAT, {"response_format": ["text"]}, True),
        (Surface.CHAT, {"response_format": None, "structured_outputs": None}, False),
        (Surface.COMPLETIONS, {"structured_outputs": {"regex": "a"}}, True),
        (Surface.RESPONSES, {"text": {"format": {"type": "json_schema", "schema": {}}}}, True),
        (Surface.RESPONSES, {"text": {"format": {"type": "text"}}}, False),
        (Surface.RESPONSES, {"text": {"format": {"type": "text", "name": "json_schema"}}}, False),
        (Surface.RESPONSES, {"text": {"verbosity": "low"}}, False),
        (Surface.RESPONSES, {"text": "json_object"}, False),
        (Surface.MESSAGES, {}, False),
    ],
)
def test_answers_that_must_keep_a_schema_are_known(surface: Surface, members: dict[str, Any], structured: bool) -> None:
    assert read(surface, members).structured is structured


def test_a_request_for_usage_is_recognized() -> None:
    assert all(chat(stream_options={"include_usage": yes}).include_usage for yes in (True, 1, "true", "Yes"))
    assert not any(chat(stream_options={"include_usage": no}).include_usage for no in (False, 0, None, "no", [1]))
    assert not chat(stream_options=[]).include_usage


TURN = b"\x1e"


@pytest.mark.parametrize(
    ("surface", "body", "pieces"),
    [
        (
            Surface.CHAT,
            {"messages": [{"role": "system", "content": "be"}, {"role": "user", "content": "é"}], "tools": [1]},
            ["[1]", "system", "be", "user", "é"],
        ),
        (
            Surface.CHAT,
            {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"id": 1}], "reasoning": "hm"}]},
            ["assistant", "hm", '[{"id": 1}]'],
        ),
        (Surface.CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}, ["user", "a"]),
        (Surface.COMPLETIONS, {"prompt": "once"}, ["once"]),
        (Surface.COMPLETIONS, {"prompt": ["a", "b"]}, ["a", "b"]),
        (Surface.COMPLETIONS, {"prompt": [1, 2]}, ["\x01\0\0\0\x02\0\0\0"]),
        (Surface.COMPLETIONS, {"prompt": [[1], [2]]}, ["\x01\0\0\0", "\x02\0\0\0"]),
        (Surface.COMPLETIONS, {"prompt": [-1, {"a": 1}, 2**40]}, []),
        (Surface.COMPLETIONS, {"prompt": None}, []),
        (Surface.RESPONSES, {"input": "hi", "instructions": "be", "tools": []}, ["[]", "be", "hi"]),
        (
            Surface.RESPONSES,
            {"input": [{"role": "user", "content": "a"}, {"type": "function_call", "arguments": "{}", "output": 1}]},
            ["user", "a", "", '"{}"', "1"],
        ),
        (Surface.RESPONSES, {}, []),
        (
            Surface.MESSAGES,
            {
                "messages": [
                    {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}]},
                    {"role": "user", "content": [{"type": "tool_result", "content": "r", "input": {}}]},
                ],
                "system": [{"type": "text", "text": "be"}],
                "tools": [2],
            },
            ["[2]", "be", "assistant", "hm", "user", '"r"', "{}"],
        ),
        (Surface.MESSAGES, {"system": "be"}, ["be"]),
        (
            Surface.EMBEDDINGS,
            {"input": ["a", "b"], "messages": [{"role": "user", "content": "c"}]},
            ["a", "b", "user", "c"],
        ),
        (Surface.TOKENIZE, {"prompt": "a"}, ["a"]),
    ],
)
def test_the_parts_of_a_prompt_are_ordered_as_in_chat_templates(
    surface: Surface, body: dict[str, Any], pieces: list[str]
) -> None:
    assert read(surface, body).prompt == TURN.join(piece.encode() for piece in pieces)


def test_images_distinguish_prompts_and_are_not_text() -> None:
    def seen(*urls: str) -> BodyFacts:
        parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        return chat(messages=[{"role": "user", "content": [{"type": "text", "text": "what is it?"}, *parts]}])

    one, same, other = seen("data:" + "a" * 5000), seen("data:" + "a" * 5000), seen("data:" + "b" * 5000, "c")
    assert one.prompt == same.prompt != other.prompt
    assert len(one.prompt) < 100


def test_of_a_key_that_is_there_twice_the_last_counts_as_in_engines() -> None:
    body = b'{"model":"a","stream":true,"model":"b","stream":false,"mod\\u0065l":"c"}'
    facts = read(Surface.CHAT, body)
    assert (facts.model, facts.stream) == ("c", False)
    assert json.loads(body)["model"] == "c"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"null", b"[]", b'"a"', b"1", b'{"a":1}}', b"{'a':1}", b'{"n":NaN}', b'{"n":1e400}'),
        *(b'{"model":"\xff"}', b"\xef\xbb\xbf{}", b'{"model":"\\ud800"}', '{"model":"a"}'.encode("utf-16")),
        *(b'{"a":' * 5000, b'{"messages":' + b"[" * 100_000),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_object_is_refused_with_a_reason(body: bytes) -> None:
    for surface in set(Surface) - {Surface.OTHER}:
        facts = body_facts.read(surface, body)
        assert isinstance(facts, UnreadableBody)
        assert facts.why.startswith("the body is n")


@pytest.mark.parametrize("body", [b"", b"--boundary\r\n", b"null", b"[1]", b"a=b", b"RIFF{"])
def test_other_paths_may_have_bodies_of_any_kind(body: bytes) -> None:
    plain = read(Surface.OTHER, body)
    assert (plain.model, plain.typed, plain.prompt, plain.media) == (None, False, b"", 1)


@pytest.mark.parametrize("body", [b'{"model":', b'\xef\xbb\xbf{"model":"a"}', ' {"model":"a"}'.encode("utf-16")])
def test_but_none_that_an_engine_might_read_as_an_object_and_the_router_cannot(body: bytes) -> None:
    assert isinstance(body_facts.read(Surface.OTHER, body), UnreadableBody)


@pytest.mark.parametrize(
    "members",
    [{"messages": "hi"}, {"messages": [5]}, {"messages": [{"role": 1}]}, {"messages": [{"content": {"a": 1}}]}],
)
def test_an_object_of_other_types_is_the_engines_to_judge_and_counts_whole(members: dict[str, Any]) -> None:
    body = json.dumps({"model": "m", "stream": True, "max_tokens": 3, **members}).encode()
    facts = read(Surface.CHAT, body)
    assert (facts.model, facts.stream, facts.max_tokens) == ("m", True, 3)
    assert (facts.typed, facts.prompt) == (False, body)


def test_its_limits_are_read_all_the_same() -> None:
    members = {"messages": 5, "max_completion_tokens": 7, "max_tokens": 3, "response_format": {"type": "json_object"}}
    facts = read(Surface.CHAT, members | {"tools": [1], "temperature": 0.5})
    assert (facts.typed, facts.max_tokens, facts.structured) == (False, 7, True)
    assert facts.temperature == 0.5


def test_of_other_apis_the_model_is_read_where_there_is_one() -> None:
    body = b'{"model":"m","query":"q"}'
    assert (read(Surface.OTHER, body).model, read(Surface.OTHER, body).prompt) == ("m", body)
    assert read(Surface.CHAT, {"model": 5}).model is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "model",
        "messages",
        "prompt",
        "input",
        "system",
        "stream",
        "max_tokens",
        "n",
        "stream_options",
        "text",
        "x",
    ]
)


@given(body=st.dictionaries(names, values, max_size=5), surface=st.sampled_from(Surface))
def test_no_object_ever_raises_and_its_scalars_are_those_that_json_says(body: dict[str, Any], surface: Surface) -> None:
    facts = body_facts.read(surface, json.dumps(body).encode("utf-8", "replace"))
    if isinstance(facts, UnreadableBody):
        assert any("\ud800" <= letter <= "\udfff" for letter in repr(body).encode().decode("unicode_escape"))
        return
    model = body.get("model")
    assert facts.model == (model if isinstance(model, str) else None)
    assert isinstance(facts.stream, bool)
    for name in (
        "max_tokens",
        "n",
        "uncountable",
        "temperature",
        "seed",
        "structured",
        "include_usage",
    ):
        getattr(facts, name)


@given(body=st.binary(max_size=100), surface=st.sampled_from(Surface))
def test_no_bytes_ever_raise(body: bytes, surface: Surface) -> None:
    for content in (body, b'{"model":' + body + b"}", b'{"messages":[' + body + b"]}"):
        body_facts.read(surface, content)
