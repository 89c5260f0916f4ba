"""The page about refusals says what the table says."""

import pytest

from prove import refusal_table
from tests.review.table import Layer


def test_the_committed_page_is_the_one_the_table_makes() -> None:
    assert refusal_table.PAGE.read_text(encoding="utf-8") == refusal_table.page(), (
        "run `python -m prove.refusal_table > docs/reference/refusals.md`"
    )


def test_the_command_that_makes_the_page_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    refusal_table.main()
    assert capsys.readouterr().out == refusal_table.page()


def test_the_page_has_a_part_for_every_layer() -> None:
    page = refusal_table.page()
    assert page.count("\n## ") == len(Layer) + 2
    assert len(page) < 80_000
