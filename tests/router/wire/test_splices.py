"""Members set in a body: it parses as if they had been there, and the rest is byte for byte the client's."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.wire import body_facts, splices
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.surfaces import Surface
from tests.router.wire.test_body_facts import values


def put(body: bytes, **members: object) -> bytes:
    facts = body_facts.read(Surface.CHAT, body)
    assert isinstance(facts, BodyFacts)
    return splices.put(body, facts, {name: json.dumps(value).encode() for name, value in members.items()})


def test_a_member_that_is_not_there_comes_behind_the_last_one_and_all_else_stays() -> None:
    body = b'{ "model" : "m",\n "x": 1.50e3, "messages":[] }\n'
    assert put(body, priority=5) == b'{ "model" : "m",\n "x": 1.50e3, "messages":[] ,"priority":5}'


@pytest.mark.parametrize("body", [b"{}", b" { } ", b"{" + b" " * 40 + b"}"])
def test_an_empty_object_gets_no_comma(body: bytes) -> None:
    assert json.loads(put(body, priority=5, model="a")) == {"priority": 5, "model": "a"}


@pytest.mark.parametrize("body", [b'{"a":{}}', b'{"a":"{"}', b'{"a":[{}]}', b'{"a":"\\\\{"}'])
def test_braces_elsewhere_in_a_body_do_not_mislead_the_splice(body: bytes) -> None:
    assert json.loads(put(body, priority=5)) == json.loads(body) | {"priority": 5}


def test_a_member_that_is_there_is_replaced_even_if_it_is_there_twice_or_written_strangely() -> None:
    spliced = put(b'{"model":"a","x":1.50,"mod\\u0065l":"b","messages":[]}', model="c", priority=1)
    assert spliced == b'{"model":"c","x":1.50,"messages":[],"priority":1}'
    assert put(b'{"priority":null}', priority=2) == b'{"priority":2}'


def test_a_member_is_removed_however_it_is_written_and_all_else_stays() -> None:
    body = b'{"model":"m","prior\\u0069ty":1,"x":1.50,"priority":-9,"messages":[{"priority":3}]}'
    assert splices.without(body, "priority") == b'{"model":"m","x":1.50,"messages":[{"priority":3}]}'
    assert splices.without(b'{"model":"m"}', "priority") == b'{"model":"m"}'


def test_a_member_that_the_facts_do_not_include_is_searched_for() -> None:
    assert put(b'{"zzz":1,"messages":[]}', zzz=2) == b'{"zzz":2,"messages":[]}'


def test_usage_is_requested_and_other_stream_options_stay() -> None:
    def requesting(body: bytes) -> object:
        facts = body_facts.read(Surface.CHAT, body)
        assert isinstance(facts, BodyFacts)
        return json.loads(splices.requesting_usage(body, facts))

    wanted = {"include_usage": True}
    assert requesting(b'{"stream":true}') == {"stream": True, "stream_options": wanted}
    assert requesting(b'{"stream_options":null}') == requesting(b'{"stream_options":{}}') == {"stream_options": wanted}
    spliced: Any = requesting(b'{"stream_options":{"include_usage":false,"continuous_usage_stats":true,"x":1.50e3}}')
    assert spliced["stream_options"] == wanted | {"continuous_usage_stats": True, "x": 1500.0}


def test_a_body_that_is_no_object_stays_as_it_is() -> None:
    for body in (b"", b"form=1", b"[1]", b"\xff}"):
        facts = body_facts.read(Surface.OTHER, body)
        assert isinstance(facts, BodyFacts)
        for name in (b"priority", b"zzz"):
            spliced = splices.put(body, facts, {name.decode(): b"1"})
            assert spliced == body


@given(
    body=st.dictionaries(st.sampled_from(["model", "priority", "max_tokens", "stream_options", "a", "b"]), values),
    changes=st.dictionaries(
        st.sampled_from(["model", "priority", "max_tokens", "cache_salt", "zzz"]), values, min_size=1
    ),
    indent=st.sampled_from([None, 0, 3]),
)
def test_it_always_reads_as_the_body_with_the_change(
    body: dict[str, Any], changes: dict[str, Any], indent: int | None
) -> None:
    sent = json.dumps(body, indent=indent).encode()
    facts = body_facts.read(Surface.CHAT, sent)
    if isinstance(facts, BodyFacts):
        spliced = splices.put(sent, facts, {name: json.dumps(value).encode() for name, value in changes.items()})
        assert json.loads(spliced) == body | changes


@pytest.mark.parametrize(
    "body",
    [
        '{"model":"chat","prompt":"a"}',
        '{"model": "chat", "prompt": "a"}',
        '{"prompt": "the model \\"model\\": \\"chat\\"", "model": "chat"}',
        '{ "model" : "chat" }',
        '{"stream":true,"model":"chat","prompt":"a"}',
        '{"prompt": "say \\"model", "model": "chat"}',
        '{"prompt": "say \\"model", "mod\\u0065l": "chat"}',
        '{"x": {"model": "chat"}, "mod\\u0065l": "chat"}',
        '{"x": {"model": "chat"}, "model": "chat"}',
        '{"x": ["model"], "prompt": "a"}',
        '{"n": 1, "model": "chat", "model": "chat"}',
        '{"model": "chat", "n": 1, "model": "chat"}',
        '{"model":"chat","n":1,"mod\\u0065l":"chat"}',
        '{"model":"chat","n":1,"\\u006DODEL":"chat"}',
        '{"model":"chat","tools":[{"model":"chat"}]}',
        '{"n": 1, "model" : "chat", "mod\\u0065l": "chat"}',
        '{"n": {}, "x\\"model": "chat", "mod\\u0065l": "chat"}',
        '{"n": 1, "model" : "chat", "x": {"y": 1}}',
        '{"n": 1, "model" : "chat", "x": [1]}\n',
        '{"model": "ch\\"at", "n": 1}',
        '{"model": "ch\\u0061t", "n": 1}',
        '{"mod\\u0065l": "chat"}',
        '{"mod\\u0065l": "chat", "x": ["a", "model"]}',
        '{"mod\\u0065l": "chat", "x": {"a": 1, "model": "chat"}}',
        '{"mod\\u0065l": "chat", "x": {"a": 1, "model": "chat"}, "y": 2}',
        '{"model": null}',
        "{}",
        '{"model": 7, "prompt": []}',
    ],
)
def test_another_model_is_the_only_difference(body: str) -> None:
    facts = body_facts.read(Surface.COMPLETIONS, body.encode())
    assert isinstance(facts, BodyFacts)
    sent = splices.with_model(body.encode(), facts, b'"base"')
    assert json.loads(sent) == json.loads(body) | {"model": "base"}


@given(
    members=st.lists(
        st.tuples(st.sampled_from(["model", "a", "messages", 'x"model', "mod"]), values | st.just("model")), max_size=6
    ),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n   ", " : ")]),
)
def test_another_model_is_always_the_only_difference_wherever_it_is_and_whatever_is_nested(
    members: list[tuple[str, Any]], separators: tuple[str, str]
) -> None:
    """Also if a name comes twice: of these the last one counts, for us as for engines."""
    comma, colon = separators
    written = [json.dumps(name) + colon + json.dumps(value, separators=separators) for name, value in members]
    sent = f"{{{comma.join(written)}}}".encode()
    facts = body_facts.read(Surface.COMPLETIONS, sent)
    if isinstance(facts, BodyFacts):
        assert json.loads(splices.with_model(sent, facts, b'"base"')) == json.loads(sent) | {"model": "base"}


def test_a_model_after_a_long_prompt_is_replaced_and_the_prompt_stays_byte_for_byte() -> None:
    prompt = b'{"messages":[{"role":"user","content":"' + b'the \\"model\\" ' * 1000 + b'"}]'
    body = prompt + b',"model":"chat","max_tokens":64}'
    facts = body_facts.read(Surface.CHAT, body)
    assert isinstance(facts, BodyFacts)
    assert splices.with_model(body, facts, b'"base"') == prompt + b',"model":"base","max_tokens":64}'


def test_nothing_to_set_changes_nothing() -> None:
    body = b'{"model": "m", "messages": []}'
    assert put(body) == body
