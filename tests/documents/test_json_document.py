"""JSON that others wrote is read, or refused with what is wrong: no text makes the reader fail in another way."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.documents import json_document
from fairlead.documents.document_faults import DocumentFault, UnreadableDocument
from tests.documents.hostile import HOSTILE

WRITABLE = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WRITABLE,
    lambda inner: st.lists(inner) | st.dictionaries(WRITABLE, inner),
)
PIECES = st.sampled_from(
    ['"', "[", "]", "{", "}", ",", ":", "\\", "\\ud83d", "\\ude00", "NaN", "-Infinity", "1e999", "9" * 309, "7", " "]
)
AS_PYTHON: dict[str, Any] = {
    "an infinite number": {"a": float("-inf")},
    "an exponent without bounds": {"a": float("inf")},
    "half a character": {"a": "\ud800"},
}


def nested(levels: int) -> str:
    """A text of so many lists within each other."""
    return "[" * levels + "]" * levels


def refusal(document: str | bytes, *, as_python: bool = False) -> UnreadableDocument:
    """Why it cannot be read."""
    with pytest.raises(UnreadableDocument) as caught:
        json_document.read(document, as_python=as_python)
    return caught.value


def from_deep_within(calls: int, document: str) -> object:
    """Read a document at the end of so many calls."""
    return from_deep_within(calls - 1, document) if calls else json_document.read(document)


@given(value=VALUES)
def test_a_document_is_always_what_was_written(value: object) -> None:
    written = json.dumps(value, ensure_ascii=False)
    assert json_document.read(written) == value
    assert json_document.read(b"\xef\xbb\xbf" + written.encode()) == value
    assert json_document.read(bytearray(json.dumps(value, indent=1).encode()), as_python=True) == value


@given(document=st.binary() | st.text() | st.lists(PIECES).map("".join), as_python=st.booleans())
def test_no_text_makes_it_fail_otherwise_and_what_it_returns_can_always_be_written(
    document: str | bytes, as_python: bool
) -> None:
    try:
        found = json_document.read(document, as_python=as_python)
    except UnreadableDocument as problem:
        assert problem.because  # noqa: PT017 - either it is read, or this is said
    else:
        if not as_python:
            json.dumps(found, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused(name: str) -> None:
    assert refusal(HOSTILE[name]).because


@pytest.mark.parametrize(
    ("name", "fault", "sentence"),
    [
        ("one level too many", DocumentFault.TOO_DEEP, "it nests too deeply, more than 200 levels"),
        ("a hundred thousand levels", DocumentFault.TOO_DEEP, "it nests too deeply, more than 200 levels"),
        ("not a number", DocumentFault.NOT_A_NUMBER, "NaN is no number in JSON: line 1"),
        ("an infinite number", DocumentFault.NOT_A_NUMBER, "-Infinity is no number in JSON: line 1"),
        ("an exponent without bounds", DocumentFault.HUGE_NUMBER, "1e999 is too large a number: line 1"),
        (
            "a whole number of five thousand digits",
            DocumentFault.HUGE_NUMBER,
            "99999999999999999999… is too large a number: line 1",
        ),
        ("the first half", DocumentFault.SYNTAX, "Expecting value: line 1"),
        ("UTF-16", DocumentFault.ENCODING, "it is not UTF-8 text: invalid start byte at byte 0"),
        ("Latin-1", DocumentFault.ENCODING, "it is not UTF-8 text: invalid start byte at byte 7"),
        ("half a character", DocumentFault.HALF_CHARACTER, "it holds half a character, \\ud800"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_where(name: str, fault: DocumentFault, sentence: str) -> None:
    problem = refusal(HOSTILE[name])
    assert (problem.fault, str(problem)) == (fault, sentence)


def test_the_line_is_that_of_the_number_and_not_of_a_text_that_reads_like_it() -> None:
    problem = refusal('{"NaN": "NaN",\n "\\"NaN": [1,\n  NaN]}')
    assert (problem.line, problem.position) == (3, 31)
    assert refusal("[1e999x]").line == 1


def test_how_deeply_it_may_nest_does_not_depend_on_the_calls_it_is_read_from() -> None:
    for calls in (0, 300):
        assert from_deep_within(calls, nested(json_document.MAX_LEVELS)) == json.loads(nested(json_document.MAX_LEVELS))
        with pytest.raises(UnreadableDocument):
            from_deep_within(calls, nested(json_document.MAX_LEVELS + 1))


def test_a_wide_document_is_not_deep() -> None:
    assert json_document.read("[" + "[{}, 1]," * 1000 + "{}]") == [[{}, 1]] * 1000 + [{}]


@pytest.mark.parametrize("name", AS_PYTHON)
def test_as_python_numbers_and_halves_are_taken(name: str) -> None:
    assert json_document.read(HOSTILE[name], as_python=True) == AS_PYTHON[name]


def test_as_python_a_number_may_have_as_many_digits_as_python_converts() -> None:
    assert json_document.read("9" * 4000, as_python=True) == int("9" * 4000)
    problem = refusal(HOSTILE["a whole number of five thousand digits"], as_python=True)
    assert (problem.fault, str(problem)) == (
        DocumentFault.HUGE_NUMBER,
        "a whole number has more digits than can be read",
    )


@given(before=st.integers(0, 400), sign=st.sampled_from(["", "-"]), after=st.integers(0, 400))
def test_wherever_a_whole_number_stands_its_308_characters_are_always_the_most(
    before: int, sign: str, after: int
) -> None:
    def written(characters: int) -> str:
        return "[" + " " * before + sign + "9" * (characters - len(sign)) + " " * after + "]"

    assert json_document.read(written(308)) == json.loads(written(308))
    assert refusal(written(309)).fault is DocumentFault.HUGE_NUMBER


@given(before=st.integers(0, 400), digits=st.integers(300, 1000))
def test_digits_of_a_text_or_a_fraction_are_no_whole_number_however_many(before: int, digits: int) -> None:
    document = "[" + " " * before + '"' + "9" * digits + '", 0.' + "3" * digits + "]"
    assert json_document.read(document) == json.loads(document)


def test_whole_numbers_cost_no_call_of_python_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply of `/tokenize` has a hundred thousand of them, and a router reads it on its loop."""
    calls = list[str]()
    monkeypatch.setattr(json_document, "int", calls.append, raising=False)
    assert json_document.read("[" + "7," * 100_000 + "7]") == [7] * 100_001
    assert calls == []


def test_an_argument_whose_bytes_are_not_utf_8_is_refused() -> None:
    argument = b'{"a": "\xff"}'.decode("utf-8", "surrogateescape")
    assert str(refusal(argument, as_python=True)) == "it is not UTF-8 text: character 8"


def test_the_last_of_two_members_counts() -> None:
    assert json_document.read('{"a": 1, "a": 2}') == {"a": 2}
