"""What YAML or Python can hold and JSON cannot is named before anything reads it."""

import datetime as dt
import math

import pytest

from fairlead.api import document_bounds


@pytest.mark.parametrize(
    ("value", "because"),
    [
        (dt.date(2026, 11, 20), "YAML reads this as a date"),
        (b"x", "YAML reads this as a bytes"),
        ("\ud800", "the text contains half a character"),
        ({"\ud800": 1}, "a field's name is not text, or is too long"),
        ({5: 1}, "a field's name is not text, or is too long"),
        ({"k" * 513: 1}, "a field's name is not text, or is too long"),
    ],
    ids=range(6),
)
def test_what_json_cannot_hold_is_named(value: object, because: str) -> None:
    refusal = document_bounds.exceeded({"a": [value]}, ("spec",))
    assert refusal is not None
    assert (refusal.field, refusal.because, refusal.remedy) == ("spec.a[0]", because, "quote it if you meant text")


@pytest.mark.parametrize(
    ("value", "shown", "because"),
    [
        (math.nan, "nan", "it is no number"),
        (math.inf, "inf", "no field holds a number so far from 0"),
        (-math.inf, "-inf", "no field holds a number so far from 0"),
        (2**63, "a number of 19 digits", "no field holds a number so far from 0"),
        (-(10**5000), "a number of 5001 digits", "no field holds a number so far from 0"),
    ],
    ids=["nan", "inf", "-inf", "long", "huge"],
)
def test_a_number_that_json_cannot_hold_is_shown(value: float, shown: str, because: str) -> None:
    refusal = document_bounds.exceeded({"a": [value]}, ("spec",))
    assert refusal is not None
    assert (refusal.field, refusal.value, refusal.because) == ("spec.a[0]", shown, because)
    assert refusal.remedy == "write a number that the field allows"


def test_what_json_can_hold_passes() -> None:
    assert document_bounds.exceeded({"a": [None, True, 1, 1.5, "ü", {}, []]}, ("spec",)) is None
