"""A body of very many small values is refused before it is parsed; long texts are not, whatever they contain."""

import json
from time import process_time

import pytest

from fairlead.router import refusals
from fairlead.router.wire import body_facts, json_values, splices
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.json_values import FREE_BYTES, MAX_CONTAINERS, MAX_LEVELS, MAX_TEXTS, MAX_VALUES
from fairlead.router.wire.surfaces import Surface
from fairlead.router.wire.unreadable_body import BodyFault, UnreadableBody

LARGEST = 16 * 2**20
"""The default of `limits.maxRequestSize`."""
ORDINARY_SECONDS = 1.0
"""Far above what counting or a long text takes, and far below the five seconds that parsing took."""


def filled(before: bytes, value: bytes, after: bytes, size: int = LARGEST - 100) -> bytes:
    """A body with as many of these values as fit."""
    return before + b",".join([value] * (size // (len(value) + 1))) + after


@pytest.mark.parametrize(
    ("surface", "body", "why"),
    [
        (Surface.COMPLETIONS, filled(b'{"prompt":[', b"[]", b"]}"), "over 50,000 lists and objects"),
        (Surface.COMPLETIONS, filled(b'{"prompt":[', b'""', b"]}"), "over 200,000 texts and names"),
        (Surface.COMPLETIONS, filled(b'{"prompt":[', b"-1", b"]}"), "over 2,000,000 values"),
        (Surface.CHAT, filled(b'\n {"messages":[', b"{}", b"]}"), "over 50,000 lists and objects"),
        (Surface.CHAT, filled(b'{"messages":[{"content":[', b"{}", b"]}]}"), "over 50,000 lists and objects"),
        (Surface.CHAT, filled(b'{"n":[', b"[]", b"]}"), "over 50,000 lists and objects"),
        (Surface.CHAT, filled(b'{"x":"\\\\","n":[', b"[]", b'],"y":"\\""}'), "over 50,000 lists and objects"),
        (Surface.OTHER, filled(b'{"seed":[', b"[]", b"]"), "over 50,000 lists and objects"),
    ],
    ids=["lists", "texts", "numbers", "messages", "parts", "a scalar", "beside escapes", "another path, cut off"],
)
def test_a_body_of_millions_of_values_is_refused_at_the_cost_of_counting_them(
    surface: Surface, body: bytes, why: str
) -> None:
    began = process_time()
    facts = body_facts.read(surface, body)
    assert process_time() - began < ORDINARY_SECONDS
    assert isinstance(facts, UnreadableBody)
    assert facts == UnreadableBody(why, BodyFault.EXCESS)
    problem = refusals.unreadable(facts)
    assert (problem.status, problem.code) == (413, "request_too_large")
    assert problem.message == f"the request's body: {why}: more is not parsed; send fewer, or several requests"


@pytest.mark.parametrize(
    "text",
    ['{"a":[1,2],"b":"\\"}"},\n' * 200_000, 'say "it\'s", [then] {stop}\\' * 200_000, "1,2,3,4,5,6,7,8,\n" * 500_000],
    ids=["JSON", "quotes and backslashes", "a table"],
)
def test_a_long_text_is_one_value_whatever_it_contains(text: str) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
    assert len(body) > FREE_BYTES
    facts = body_facts.read(Surface.CHAT, body)
    assert isinstance(facts, BodyFacts)
    assert facts.prompt.endswith(text.encode())


@pytest.mark.parametrize(
    ("value", "most"), [(b"[111]", MAX_CONTAINERS - 2), (b'"ab"', MAX_TEXTS - 1), (b"99", MAX_VALUES)]
)
def test_as_many_as_the_limit_are_read(value: bytes, most: int) -> None:
    """The body's own object, the list and its name count, too."""
    for number, refused in ((most, False), (most + 2, True)):
        body = b'{"prompt":[' + b",".join([value] * number) + b"]}"
        assert len(body) > FREE_BYTES
        assert (json_values.excess(body) is not None) is refused


def test_a_file_is_not_counted() -> None:
    sound = b'RIFF[{"' * FREE_BYTES
    facts = body_facts.read(Surface.OTHER, sound)
    assert isinstance(facts, BodyFacts)
    assert not facts.typed


def test_tokens_and_texts_of_a_mixed_prompt_are_collected_as_before() -> None:
    def prompt(given: object) -> bytes:
        facts = body_facts.read(Surface.COMPLETIONS, json.dumps({"prompt": given}).encode())
        assert isinstance(facts, BodyFacts)
        return facts.prompt

    assert prompt([1, 258, 2**32 - 1]) == b"\1\0\0\0\2\1\0\0\xff\xff\xff\xff"
    assert prompt([[1], [2]]) == b"\1\0\0\0\x1e\2\0\0\0"
    assert prompt(["a", 5, None, ["b", 2.5], {"c": 1}]) == b"a\x1eb"
    assert (prompt([2**32, -1, 1.5]), prompt([])) == (b"", b"")


def nested(levels: int, opens: bytes = b"[", closes: bytes = b"]") -> bytes:
    """A body with a member that nests so deeply, beside one that a router replaces."""
    return b'{"model":"a","max_tokens":null,"prompt":"hello","x":' + opens * levels + closes * levels + b"}"


def limited(body: bytes, facts: BodyFacts, calls: int) -> bytes:
    """The body with a limit on output, set from within so many more calls."""
    return limited(body, facts, calls - 1) if calls else splices.put(body, facts, {"max_tokens": b"50"})


def test_members_are_set_in_every_body_that_is_read_however_deeply_it_nests() -> None:
    """However many calls are around that: a chain of fallbacks is seven more for each."""
    body = nested(MAX_LEVELS - 1)
    facts = body_facts.read(Surface.COMPLETIONS, body)
    assert isinstance(facts, BodyFacts)
    for calls in (0, 50, 100, 200, 300):
        assert b'"max_tokens":50' in limited(body, facts, calls)


def within(calls: int, body: bytes) -> BodyFacts | UnreadableBody:
    """What is read of the body from within so many more calls."""
    return within(calls - 1, body) if calls else body_facts.read(Surface.COMPLETIONS, body)


def test_how_deeply_a_body_may_nest_does_not_depend_on_who_reads_it() -> None:
    for calls in (0, 300):
        assert isinstance(within(calls, nested(MAX_LEVELS - 1)), BodyFacts)
        assert within(calls, nested(MAX_LEVELS)) == UnreadableBody("the body is nested too deeply")


def test_brackets_in_texts_do_not_nest() -> None:
    text = json.dumps("[{" * MAX_LEVELS + '\\"[')
    assert isinstance(body_facts.read(Surface.COMPLETIONS, b'{"model":"a","prompt":%b}' % text.encode()), BodyFacts)


@pytest.mark.parametrize(
    ("opens", "closes"), [(b"[", b"]"), (b'{"a":[', b"]}"), (b"[", b"")], ids=["lists", "objects", "cut off"]
)
def test_a_body_that_nests_without_end_is_refused_by_that(opens: bytes, closes: bytes) -> None:
    for surface in (Surface.COMPLETIONS, Surface.OTHER):
        facts = body_facts.read(surface, nested(100_000, opens, closes)[:100_000])
        assert isinstance(facts, UnreadableBody)
        assert facts.why == "the body is nested too deeply"


def test_many_lists_beside_each_other_nest_no_deeper_than_one() -> None:
    body = b'{"prompt":[' + b",".join([b"[1]"] * 2000) + b"]}"
    assert isinstance(body_facts.read(Surface.COMPLETIONS, body), BodyFacts)
    cut = body_facts.read(Surface.COMPLETIONS, body[:-1])
    assert isinstance(cut, UnreadableBody)
    assert cut.why.startswith("the body is not a JSON object: ")
