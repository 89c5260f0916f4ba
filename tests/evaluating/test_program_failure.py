"""The helpful line of a program's output before it failed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.evaluating import program_failure

TRACEBACK = """  File "/opt/lm-eval/lib/python3.11/site-packages/lm_eval/config.py", line 477, in process_tasks
    raise ValueError(f"Tasks not found: {missing}")
ValueError: Tasks not found: suport
"""
DURING_SHUTDOWN = """openai.APIConnectionError: Connection error.
[W] a semaphore was leaked
"""


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (TRACEBACK, "ValueError: Tasks not found: suport"),
        (DURING_SHUTDOWN, "openai.APIConnectionError: Connection error."),
        ("reading\n\n  no   such file \n\n", "no such file"),
        ("Pod was active on the node longer", "Pod was active on the node longer"),
        ("", ""),
    ],
)
def test_a_traceback_says_its_error_and_anything_else_its_last_line(message: str, cause: str) -> None:
    assert program_failure.cause(message, 160) == cause


def test_a_long_line_keeps_its_beginning() -> None:
    assert program_failure.cause(TRACEBACK, 20) == "ValueError: Tasks n…"


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_it_is_never_longer_than_there_is_room_nor_more_than_one_line(message: str, longest: int) -> None:
    found = program_failure.cause(message, longest)
    assert len(found) <= longest
    assert len(found.splitlines()) <= 1
