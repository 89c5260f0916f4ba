"""Columns line up under their headers whatever the rows hold."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cli.text_table import aligned, milliseconds, seconds

CELL = st.text(alphabet="abc1.-", max_size=8)
"""A cell without spaces, so that two of them delimit the columns."""


def test_names_stand_to_the_left_and_figures_to_the_right() -> None:
    rows = [("NAME", "COST"), ("one-l40s", "1.86"), ("b", "12.00")]
    assert aligned(rows, left=1) == ["NAME       COST", "one-l40s   1.86", "b         12.00"]
    assert aligned(rows) == ["NAME      COST", "one-l40s  1.86", "b         12.00"]


def test_a_shorter_row_ends_sooner_and_no_rows_are_no_lines() -> None:
    assert aligned([("total",), ("a", "1", "")], left=1) == ["total", "a      1"]
    assert aligned([]) == []


@given(st.lists(st.lists(CELL, min_size=1, max_size=5), max_size=6), st.one_of(st.none(), st.integers(0, 5)))
def test_no_line_ever_ends_with_a_space_or_loses_a_cell(rows: list[list[str]], left: int | None) -> None:
    lines = aligned(rows, left=left)
    assert [line.split() for line in lines] == [[cell for cell in row if cell] for row in rows]
    assert all(line == line.rstrip() for line in lines)


def test_a_time_that_was_not_measured_is_a_dash() -> None:
    assert (seconds(1.25), milliseconds(0.0125)) == ("1.25 s", "12 ms")
    assert (seconds(float("nan")), milliseconds(float("nan"))) == ("-", "-")
