"""YAML that others wrote is read, or refused with what is wrong: no text ends the process, as libyaml may."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairlead.documents import yaml_document
from fairlead.documents.document_faults import DocumentFault, UnreadableDocument
from fairlead.documents.yaml_loaders import FastLoader, KubectlLoader, UniqueKeyLoader
from tests.documents.hostile import HOSTILE

LOADERS = (FastLoader, UniqueKeyLoader, KubectlLoader)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", categories=["L", "N", "Zs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcdefg"), inner),
)
PIECES = st.sampled_from(
    [
        *(
            "a: ",
            "b: ",
            "- ",
            "\n",
            "  ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "&x ",
            "*x",
            "<<: ",
            "!!int ",
            "!!binary ",
            "!!set ",
        ),
        *(
            "!!timestamp ",
            "? ",
            "|",
            ">",
            '"',
            "'",
            "\\ud800",
            "\x01",
            "---\n",
            "...",
            "%YAML 9",
            "9" * 5000,
            "0x",
            "1e999",
            "1:" * 200,
            "2026-02-30",
        ),
    ]
)


def refusal(document: str | bytes, loader: type[Any] = UniqueKeyLoader) -> UnreadableDocument:
    """Why it cannot be read."""
    with pytest.raises(UnreadableDocument) as caught:
        yaml_document.read(document, loader)
    return caught.value


@given(value=PLAIN)
def test_a_document_is_always_what_was_written(value: object) -> None:
    written = yaml.safe_dump(value, allow_unicode=True)
    assert yaml_document.read(written) == value
    assert yaml_document.read(b"\xef\xbb\xbf" + written.encode()) == value


@given(document=st.binary() | st.text() | st.lists(PIECES).map("".join), loader=st.sampled_from(LOADERS))
def test_no_text_makes_it_fail_otherwise(document: str | bytes, loader: type[Any]) -> None:
    try:
        yaml_document.read(document, loader)
    except UnreadableDocument as problem:
        assert problem.because  # noqa: PT017 - either it is read, or this is said


DEEP = "it is nested deeper than 100 levels"
WRONG = {
    HOSTILE["a hundred thousand levels"]: (DocumentFault.TOO_DEEP, DEEP),
    HOSTILE["a hundred thousand brackets without end"]: (DocumentFault.TOO_DEEP, DEEP),
    b"[" + b"1," * 50_001 + b"]": (DocumentFault.TOO_LARGE, "it holds more than 50000 values, aliases written out"),
    HOSTILE["the first half"]: (DocumentFault.SYNTAX, "did not find expected node content: line 1"),
    HOSTILE["UTF-16"]: (DocumentFault.ENCODING, "it is not UTF-8 text: invalid start byte at byte 0"),
    HOSTILE["a control character"]: (DocumentFault.CONTROL_CHARACTER, "it holds the control character U+0001"),
    HOSTILE["half a character"]: (
        DocumentFault.SYNTAX,
        "found invalid Unicode character escape code: line 1",
    ),
    HOSTILE["a whole number of five thousand digits"]: (
        DocumentFault.HUGE_NUMBER,
        "99999999999999999999… is too large a number: line 1",
    ),
    HOSTILE["a sexagesimal number of two hundred parts"]: (
        DocumentFault.HUGE_NUMBER,
        "1:1:1:1:1:1:1:1:1:1:… is too large a number: line 1",
    ),
    HOSTILE["a whole number of five thousand hexadecimal digits"]: (
        DocumentFault.HUGE_NUMBER,
        "0xffffffffffffffffff… is too large a number: line 1",
    ),
    b"a: -1" + b"0" * 308: (DocumentFault.HUGE_NUMBER, "-1000000000000000000… is too large a number: line 1"),
    b"a: !!bool maybe": (DocumentFault.UNFIT_VALUE, "maybe cannot be read as a boolean: line 1"),
    b"a: !!int {=: x}": (DocumentFault.UNFIT_VALUE, "what is here cannot be read as a whole number: line 1"),
    b"a: 1\nsince: 2026-02-30": (DocumentFault.UNFIT_VALUE, "2026-02-30 cannot be read as a date: line 2"),
    b"a: !!float soon": (DocumentFault.UNFIT_VALUE, "soon cannot be read as a number: line 1"),
    b"a: !!python/name:os.system x": (
        DocumentFault.SYNTAX,
        "could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os.system': line 1",
    ),
    b"a: 1\nb: 2\na: 3": (DocumentFault.DUPLICATE_KEY, "the field a is there twice: line 3"),
    b"b: 1\na: &x\n  - *x": (DocumentFault.CONTAINS_ITSELF, "*x is an alias of what it is in: line 3"),
    b"a: *x": (DocumentFault.SYNTAX, "found undefined alias: line 1"),
}


@pytest.mark.parametrize("document", WRONG, ids=range(len(WRONG)))
def test_a_refusal_says_what_is_wrong_and_where(document: bytes) -> None:
    problem = refusal(document)
    assert (problem.fault, str(problem)) == WRONG[document]


def test_a_billion_values_of_a_few_lines_are_counted_before_they_are_made() -> None:
    lines = ["a0: &a0 [1]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    assert refusal("\n".join(lines)).fault is DocumentFault.TOO_LARGE


def test_an_alias_beside_its_anchor_is_a_value() -> None:
    assert yaml_document.read("a: &x [1]\nb: [*x, *x]\nc: {<<: {d: &y 2}, e: *y}") == {
        "a": [1],
        "b": [[1], [1]],
        "c": {"d": 2, "e": 2},
    }


@pytest.mark.parametrize("loader", LOADERS)
def test_a_merged_mapping_may_be_merged_again_and_its_own_fields_replace_the_merged_ones(loader: type[Any]) -> None:
    document = "base: &b {name: chat}\ndeep: {inner: &a {<<: *b, name: other}}\nx: {<<: *a}\nz: {<<: [*a, *b], name: z}"
    read = yaml_document.read(document, loader)
    assert (read["deep"], read["x"], read["z"]) == ({"inner": {"name": "other"}}, {"name": "other"}, {"name": "z"})


def test_a_field_that_is_there_twice_in_a_merged_mapping_is_refused() -> None:
    assert str(refusal("a: {<<: &m {b: 1, b: 2}}")) == "the field b is there twice: line 1"
    assert str(refusal("a: &m {b: 1,\n  b: 2}\nc: {<<: *m}")) == "the field b is there twice: line 2"


def test_of_duplicate_fields_pyyaml_takes_the_last() -> None:
    assert yaml_document.read("a: 1\na: 2", FastLoader) == {"a": 2}


def test_plain_scalars_are_read_like_by_kubectl() -> None:
    document = "[017, 0o17, -0x1F, 1_000, 1e3, 1.5, 2026-11-20, yes, n, .inf, ~, 08]"
    read = yaml_document.read(document, KubectlLoader)
    assert read == [15, 15, -31, 1000, 1000, 1.5, "2026-11-20", True, False, float("inf"), None, 8]
    problem = refusal("a: 1\nb: 0x_", KubectlLoader)
    assert str(problem) == "0x_ cannot be read as a whole number: line 2"


@pytest.mark.parametrize(("loader", "most"), [(UniqueKeyLoader, 308), (KubectlLoader, 308), (FastLoader, 4300)])
def test_the_greatest_whole_number_has_as_many_digits_as_in_json_or_as_python_writes(
    loader: type[Any], most: int
) -> None:
    assert yaml_document.read("9" * most, loader) == int("9" * most)
    assert refusal(hex(10**most), loader).fault is DocumentFault.HUGE_NUMBER


@pytest.mark.parametrize("loader", LOADERS)
def test_a_hundred_levels_exhaust_no_stack_where_pyyaml_calls_itself_for_each(loader: type[Any]) -> None:
    merged = "{<<: " * 99 + "{a: 1}" + "}" * 99
    assert yaml_document.read(merged, loader) == {"a": 1}
    assert yaml_document.read("!!omap [a: " * 49 + "x" + "]" * 49, loader)
