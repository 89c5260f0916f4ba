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
        (math.nan, "the number is too large or not a number"),
        (math.inf, "the number is too large or not a number"),
        (2**63, "the number is too large or not a number"),
        (10**5000, "the number is too large or not a number"),
        ("\ud800", "the text contains half a character"),
        ({"\ud800": 1}, "a field's name is not text, or is too long"),
        ({5: 1}, "a field's name is not text, or is too long"),
        ({"k" * 513: 1}, "a field's name is not text, or is too long"),
    ],
    ids=range(10),
)
def test_what_json_cannot_hold_is_named(value: object, because: str) -> None:
    refusal = document_bounds.exceeded({"a": [value]}, ("spec",))
    assert refusal is not None
    assert (refusal.field, refusal.because, refusal.remedy) == ("spec.a[0]", because, "quote it if you meant text")


def test_what_json_can_hold_passes() -> None:
    assert document_bounds.exceeded({"a": [None, True, 1, 1.5, "ü", {}, []]}, ("spec",)) is None
