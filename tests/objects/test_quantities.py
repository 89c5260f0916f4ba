"""Quantities: written so that the server keeps them, and read in every notation it knows."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.objects import quantities


@pytest.mark.parametrize(
    ("count", "spelt"),
    [
        (0, "0"),
        (1, "1"),
        (1000, "1k"),
        (1024, "1Ki"),
        (1536 * 2**20, "1536Mi"),
        (2 * 2**30, "2Gi"),
        (2_000_000_000, "2G"),
        (2**60, "1Ei"),
        (1025, "1025"),
    ],
)
def test_a_number_of_bytes_is_spelt_in_the_largest_unit_that_holds_it_whole(count: int, spelt: str) -> None:
    assert quantities.of_bytes(count) == spelt


@given(st.integers(min_value=0, max_value=2**62))
def test_what_is_spelt_is_worth_what_it_was(count: int) -> None:
    assert quantities.parsed(quantities.of_bytes(count)) == count


@pytest.mark.parametrize(
    ("spelt", "worth"),
    [
        ("1", "1"),
        (1, "1"),
        ("1000m", "1"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("1.5Gi", "1610612736"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("1E", "1000000000000000000"),
        ("-2k", "-2000"),
        ("5u", "0.000005"),
        ("7n", "0.000000007"),
    ],
)
def test_every_spelling_is_read(spelt: object, worth: str) -> None:
    assert quantities.parsed(spelt) == Decimal(worth)


@pytest.mark.parametrize("spelt", ["", "Gi", "1GB", "one", "1 Gi", None, True, "1e9999999999", [], "1K"])
def test_what_is_no_amount_is_worth_nothing(spelt: object) -> None:
    assert quantities.parsed(spelt) is None
