"""The same request has the same key, however it is written; a different one never does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.cache import canonical_bodies

Tree = dict[str, Any]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALAR = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
ANY = st.recursive(SCALAR, lambda of: st.lists(of, max_size=3) | st.dictionaries(TEXT, of, max_size=3), max_leaves=8)
MESSAGE = st.fixed_dictionaries(
    {"role": TEXT, "content": TEXT | st.lists(st.dictionaries(TEXT, TEXT, max_size=3), max_size=2)}
)
BODY = st.fixed_dictionaries(
    {"model": TEXT, "messages": st.lists(MESSAGE, max_size=3), "temperature": SCALAR},
    optional={"tools": st.lists(ANY, max_size=2), "stop": ANY, "seed": SCALAR, "response_format": ANY, "anything": ANY},
)


def key(body: Tree, surface: str = "chat", tenant: str = "t") -> bytes:
    return spelt(json.dumps(body), surface, tenant)


def spelt(text: str, surface: str = "chat", tenant: str = "t") -> bytes:
    body = canonical_bodies.read(text.encode())
    assert body is not None
    return canonical_bodies.digest(surface, tenant, body)


def turned(tree: Tree) -> Tree:
    """Its own keys and those of its messages in reverse order."""
    messages = [{name: one[name] for name in reversed(one)} for one in tree["messages"]]
    return {name: messages if name == "messages" else tree[name] for name in reversed(tree)}


@given(BODY, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_white_space_escapes_and_order_never_make_another_question(
    body: Tree, ascii_only: bool, indent: int | str | None
) -> None:
    assert spelt(json.dumps(turned(body), ensure_ascii=ascii_only, indent=indent)) == key(body)


@given(BODY, BODY)
def test_two_questions_that_differ_in_anything_never_share_a_key(one: Tree, other: Tree) -> None:
    same = exactly(one) == exactly(other)
    assert (key(one) == key(other)) is same


@given(BODY, st.sampled_from(["model", "messages", "temperature", "tools", "stop", "seed", "anything"]), ANY)
def test_a_change_of_one_field_is_always_another_question(body: Tree, name: str, value: object) -> None:
    changed = {**body, name: value}
    same = name in body and exactly({"x": body[name]}) == exactly({"x": value})
    assert (key(changed) == key(body)) is same


def exactly(tree: Tree) -> str:
    """An independent check: the standard library's form, sorted where order means nothing; 1, 1.0 and True apart."""
    return json.dumps({name: _ordered(value, sort=name == "messages") for name, value in sorted(tree.items())})


def _ordered(tree: object, *, sort: bool) -> object:
    if isinstance(tree, dict):
        named = sorted(tree.items()) if sort else tree.items()
        return [[name, _ordered(value, sort=sort)] for name, value in named] + ["{}"]
    if isinstance(tree, list):
        return [_ordered(one, sort=sort) for one in tree]
    return repr(tree)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"model":"m","temperature":1e2}', '{"temperature":100.0,"model":"m"}'),
        ('{"prompt":"\\u00e9\\/"}', '{"prompt":"é/"}'),
        ('{"model":"m","stream":false}', '{"model":"m"}'),
        ('{"model":"m","user":"ann","metadata":{"a":1},"priority":3}', '{"model":"m","user":"bob"}'),
        ('{"messages":[{"role":"user","content":"x"}]}', '{"messages":[{"content":"x","role":"user"}]}'),
    ],
)
def test_these_ask_the_same(one: str, other: str) -> None:
    assert spelt(one) == spelt(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"max_tokens":1}', '{"max_tokens":1.0}'),
        ('{"stop":null}', "{}"),
        ('{"stream":true}', '{"stream":false}'),
        ('{"stream":true,"stream_options":{"include_usage":true}}', '{"stream":true}'),
        ('{"stop":["a","b"]}', '{"stop":["b","a"]}'),
        ('{"model":"m"}', '{"model":"M"}'),
        ('{"cache_salt":"a"}', '{"cache_salt":"b"}'),
        ('{"tools":[{"parameters":{"a":1,"b":2}}]}', '{"tools":[{"parameters":{"b":2,"a":1}}]}'),
        ('{"seed":123456789012345678901234567890}', '{"seed":123456789012345678901234567891}'),
    ],
)
def test_these_do_not(one: str, other: str) -> None:
    assert spelt(one) != spelt(other)


def test_a_response_repeats_what_it_was_sent_so_its_metadata_is_part_of_the_question() -> None:
    assert key({"input": "x", "metadata": {"a": "1"}}, "responses") != key({"input": "x"}, "responses")
    assert key({"input": "x", "request_id": "1"}, "responses") == key({"input": "x"}, "responses")


def test_the_order_of_a_tools_input_is_kept_in_anthropics_messages() -> None:
    one = {"messages": [{"content": [{"type": "tool_use", "input": {"a": 1, "b": 2}}]}]}
    other = {"messages": [{"content": [{"type": "tool_use", "input": {"b": 2, "a": 1}}]}]}
    assert key(one, "messages") != key(other, "messages")


def test_no_name_can_pretend_to_be_another_and_a_piece_of_what_follows() -> None:
    read = canonical_bodies.read(b"{}")
    assert read is not None
    digest = canonical_bodies.digest
    left_out = digest("chata", "b", read) if "chata" in canonical_bodies.LEFT_OUT else b""
    digests = {digest("chat", "a", read, b"b"), digest("chat", "ab", read), digest("chat", "a 1 b", read)}
    digests |= {digest("chat", "", read, b"ab"), left_out}
    assert len(digests) == 5


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"1", b'{"a":', b'{"a":NaN}', b'{"a":"\\ud800"}', b"\xff", b"[" * 100_000, b'{"a":1e999}']
)
def test_what_is_no_plain_object_is_not_read(raw: bytes) -> None:
    assert canonical_bodies.read(raw) is None
