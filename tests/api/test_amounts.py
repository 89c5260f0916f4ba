"""Text becomes numbers, and every accepted format becomes one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.api import amounts


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("60ms", 0.06), ("1s", 1.0), ("1.5s", 1.5), ("5m", 300.0), ("1h30m", 5400.0), ("2d", 172_800.0), ("0s", 0.0)],
)
def test_a_duration_is_the_sum_of_its_pieces(written: str, seconds: float) -> None:
    assert amounts.seconds(written) == seconds


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("2Gi", 2 * 2**30),
        ("2G", 2 * 10**9),
        ("1.5Ki", 1536),
        ("1k", 1000),
        ("1Pi", 2**50),
        ("9Pi", 2**53 - 1),
    ],
)
def test_a_quantity_is_a_number_of_bytes(written: str, size: int) -> None:
    assert amounts.size(written) == size


def test_what_is_absent_stays_absent() -> None:
    assert amounts.maybe_size(None) is None
    assert amounts.maybe_size("1k") == 1000


@settings(deadline=None)  # a loaded machine is no finding
@given(number=st.from_regex(r"\A[0-9]{1,15}(\.[0-9]{1,3})?\Z"), unit=st.sampled_from(["", "k", "Mi", "G", "Ti", "P"]))
def test_every_quantity_that_is_let_in_is_a_number(number: str, unit: str) -> None:
    assert amounts.size(f"{number}{unit}") >= 0
