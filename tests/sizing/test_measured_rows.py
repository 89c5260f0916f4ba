"""One row of measured data: what it may hold, and the error for what it may not."""

from collections.abc import Callable, Iterator
from itertools import chain, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields
from fairlead.sizing.recorded_requests import MAX_BLOCKS, block_ids, block_runs


def row(**fields: object) -> MeasuredFields:
    return MeasuredFields(7, fields)


def test_numbers_are_read_from_texts_and_from_json() -> None:
    assert (row(x="8").count("x"), row(x="8.0").count("x"), row(x=8).number("x"), row(x=" 2.5 ").number("x")) == (
        8,
        8,
        8.0,
        2.5,
    )
    assert (row(x="").count_or("x", 3), row().count_or("x", 3), row(x="4").count_or("x", 3)) == (3, 3, 4)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "x is blank, and must be a number"),
        (None, "x is blank, and must be a number"),
        ("nan", "x is nan, and must be a number"),
        ("1e999", "x is 1e999, and must be a number"),
        (10**400, f"x is 1{'0' * 38}…, and must be a number"),
        (True, "x is True, and must be a number"),
        ("-3", "x is -3, and must be between 0 and 1e+15"),
        ("1e16", "x is 1e16, and must be between 0 and 1e+15"),
        ("a\x00b", "x is 'a\\x00b', and must be a number"),
    ],
)
def test_what_is_no_measurement_is_named_with_its_line(value: object, words: str) -> None:
    with pytest.raises(BadMeasurement) as refused:
        row(x=value).number("x")
    assert str(refused.value) == f"line 7: {words}; correct the row or leave it out"


def test_blocks_are_read_as_ids_or_as_runs_of_them() -> None:
    assert (block_ids(row(hash_ids=[3, 1])), block_runs(row(hash_runs=[[1, 2], [7, 0]]))) == ([3, 1], [(1, 2), (7, 0)])


def test_other_fields_are_named_too() -> None:
    for reading, words in (
        (lambda: row().text("x"), "it has no x"),
        (lambda: row(x=" ").text("x"), "x is blank, and must be text"),
        (lambda: row(x="2.5").count("x"), "x is 2.5, and must be a whole number"),
        (lambda: row(x="0").number("x", above=0.0), "x is 0, and must be above 0"),
        (lambda: row(x="a").items("x"), "x is a, and must be a list"),
        (lambda: block_ids(row(hash_ids=[1, True])), "hash_ids has True, which is not a whole number"),
        (lambda: block_runs(row(hash_runs=[[1, -1]])), "hash_runs has [1, -1], which is not [first id, count]"),
        (lambda: block_runs(row(hash_runs=[[1, MAX_BLOCKS + 1]])), "hash_runs has more than 10,000,000 blocks"),
    ):
        with pytest.raises(BadMeasurement) as refused:
            reading()
        assert str(refused.value).startswith(f"line 7: {words}")


def test_a_table_is_read_with_the_lines_of_its_rows_and_blank_lines_are_none() -> None:
    read = measured_rows.csv_rows(["a,b\n", "1,2\n", "\n", '"3\n', '3",4\n'], ("a",))
    assert [(one.line, dict(one.fields)) for one in read] == [(2, {"a": "1", "b": "2"}), (5, {"a": "3\n3", "b": "4"})]
    assert [one.line for one in measured_rows.json_rows(["{}", "", "{}"])] == [1, 3]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "line 1: there is no header with a; write it as the first line"),
        (["b\n"], "line 1: the header lacks a; the columns are a"),
        (["a,a\n"], "line 1: the header has a twice; leave one out"),
        (["a,b\n", "1\n"], "line 2: it has 1 fields, and the header 2; correct the row or leave it out"),
        (["a,b\n", "a,b\n"], "line 2: it is the header again; leave it out"),
        (["x\ry\n"], "line 1: it is not CSV"),
        (["a\n", "x\ry\n"], "line 2: it is not CSV"),
    ],
)
def test_what_is_no_table_is_named(lines: list[str], words: str) -> None:
    with pytest.raises(BadMeasurement) as refused:
        list(measured_rows.csv_rows(lines, ("a",)))
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize("line", ["{", "[1]", "7", "[" * 100_000])
def test_what_is_no_json_object_is_named(line: str) -> None:
    with pytest.raises(BadMeasurement, match=r"line 1: .* not (a )?JSON"):
        list(measured_rows.json_rows([line]))


CELLS = st.one_of(st.sampled_from(["", "7", "7.5", "-1", "nan", "1e16", "x", " 3 ", "s", '"']), st.floats().map(str))


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=4))
def test_numbers_of_a_table_are_always_what_reading_field_by_field_gives(rows: list[list[str]]) -> None:
    lines = ["s,more,n", "1,x,2", *(",".join(cells) for cells in rows)]

    def one_by_one() -> list[tuple[int, list[float]]]:
        return [(each.line, [each.number("s"), each.count("n")]) for each in measured_rows.csv_rows(lines, ("s", "n"))]

    def at_once() -> list[tuple[int, list[float]]]:
        return numbers(lines)

    assert _outcome(at_once) == _outcome(one_by_one)


def numbers(lines: list[str]) -> list[tuple[int, list[float]]]:
    """Each row's line and its figures."""
    found = measured_rows.csv_numbers(lines, ("s",), ("n",))
    return [
        (rows.first + place, list(figures))
        for rows in found
        for place, figures in enumerate(zip(*rows.columns, strict=True))
    ]


@given(st.integers(1, 7), st.integers(0, 9), st.sampled_from(["", "1,2,3,4", "x,1,2", '"5",x,6', "5,x,6"]))
def test_rows_are_always_returned_with_their_line_numbers_however_many_are_read_at_once(
    characters: int, before: int, odd: str
) -> None:
    lines = ["s,more,n", *(f"{number},x,{number}\n" for number in range(before)), odd, "9,x,9"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measured_rows, "AT_ONCE", 6 * characters)
        by_few = _outcome(lambda: numbers(lines))
    assert by_few == _outcome(lambda: numbers(lines))
    if not isinstance(by_few, str):
        assert by_few == [(line, figures) for line, figures in by_few if lines[line - 1] and 2 <= line <= len(lines)]
        assert len(by_few) == before + 1 + bool(odd)


@pytest.mark.parametrize("rows", [["1,2", "3,4"], ["1,2", "", "3,4"]])
def test_what_goes_wrong_while_lines_are_read_ahead_is_raised_in_its_turn(rows: list[str]) -> None:
    def lines() -> Iterator[str]:
        yield from ("s,n", *rows)
        raise EOFError("the file is cut off")

    found = measured_rows.csv_numbers(lines(), ("s",), ("n",))
    seen: list[float] = []
    while len(seen) < 2:
        seen.extend(next(found).columns[0])
    assert seen == [1.0, 3.0]
    with pytest.raises(EOFError, match="the file is cut off"):
        next(found)
    with pytest.raises(EOFError, match="the file is cut off"):
        list(measured_rows.csv_numbers(chain(["s,n"], islice(lines(), len(rows) + 1, None)), ("s",), ("n",)))


def test_lines_whose_fields_make_up_for_each_others_are_no_rows() -> None:
    with pytest.raises(BadMeasurement, match="line 2: it has 3 fields, and the header 2"):
        numbers(["s,n", "1,2,3", "4", "5,6"])


def _outcome(read: Callable[[], list[tuple[int, list[float]]]]) -> list[tuple[int, list[float]]] | str:
    """The rows, or the error for an invalid one."""
    try:
        return read()
    except BadMeasurement as problem:
        return str(problem)


def test_the_header_again_is_no_row_of_numbers() -> None:
    with pytest.raises(BadMeasurement, match="line 3: it is the header again; leave it out"):
        numbers(["s,n", "1,2", "s,n"])


@pytest.mark.parametrize(
    ("row", "because"),
    [
        ("1,x", "n is x, and must be a number"),
        ("-1,2", "s is -1, and must be between 0 and 1e+15"),
        ("1,2.5", "n is 2.5, and must be a whole number"),
    ],
)
def test_of_a_row_of_numbers_the_field_that_is_none_is_named(row: str, because: str) -> None:
    with pytest.raises(BadMeasurement) as refused:
        numbers(["s,n", "1,2", row])
    assert str(refused.value).startswith(f"line 3: {because}")
