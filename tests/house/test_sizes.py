"""The size budgets, tested on small texts; the check itself measures the real tree."""

from pathlib import Path

import pytest

from house import sizes, tree

HERE = Path("house/example.py")


def body(lines: int, head: str = "def grows() -> None:") -> str:
    """A function of this many lines."""
    return "\n".join([head, *["    pass"] * (lines - 1)]) + "\n"


def test_a_function_may_have_sixty_lines_and_not_one_more() -> None:
    assert list(sizes.violations(sizes.measure(HERE, body(60)))) == []

    (violation,) = sizes.violations(sizes.measure(HERE, "\n\n" + body(61)))
    assert violation.startswith("house/example.py:3: function grows has 61 lines, at most 60: give each of its steps")


def test_a_file_may_have_three_hundred_lines_and_not_one_more() -> None:
    assert list(sizes.violations(sizes.measure(HERE, "x = 1\n" * 300))) == []

    (violation,) = sizes.violations(sizes.measure(HERE, "x = 1\n" * 301))
    assert violation.startswith("house/example.py:301: file has 301 lines, at most 300: split it")


@pytest.mark.parametrize("name", sizes.STATE_MACHINES)
def test_a_state_machine_that_is_one_idea_may_have_five_hundred_and_is_there(name: str) -> None:
    path = Path(name)
    assert list(sizes.violations(sizes.measure(path, "x = 1\n" * 500))) == []
    (violation,) = sizes.violations(sizes.measure(path, "x = 1\n" * 501))
    assert "file has 501 lines, at most 500" in violation
    assert (tree.ROOT / path).is_file()


def test_methods_coroutines_and_inner_functions_are_measured_too() -> None:
    text = "class Room:\n    async def waits(self) -> None:\n        def inner() -> None:\n            pass\n"

    assert sizes.measure(HERE, text).functions == (("waits", 2, 3), ("inner", 3, 2))


def test_the_figures_worth_watching_stand_in_one_line() -> None:
    measured = [sizes.measure(HERE, body(lines)) for lines in (2, 4, 30)]

    assert sizes.summary(measured) == ("sizes: 3 files of 4/4/30 lines, 3 functions of 4/4/30 lines (median/p90/max)")


def test_an_empty_tree_has_figures_too() -> None:
    assert sizes.summary([]) == "sizes: 0 files of 0/0/0 lines, 0 functions of 0/0/0 lines (median/p90/max)"
