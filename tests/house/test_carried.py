"""A number that occurs nowhere else is followed through all that holds it: text, values, and objects."""

from dataclasses import dataclass

import pytest

from fairlead.api import deployment_conversion, policy_conversion
from fairlead.api.policy import AutoscalingPolicySpec, Objectives
from prove.carried import DEEPEST, Search, followed

MARKER = 6137


@dataclass
class Counted:
    """A value of a foreign type."""

    count: int


@dataclass
class Decided:
    """One that contains another."""

    count: Counted


def test_functions_and_forms_are_noted_in_the_order_in_which_they_held_it() -> None:
    spec = AutoscalingPolicySpec(objectives=Objectives(ttftP95=f"{MARKER}s"))
    with followed(MARKER, ("fairlead.",)) as way:
        policy_conversion.policy(spec)
    assert next(iter(way.frames)) == "fairlead.api.policy_conversion:policy"
    assert list(way.forms)[:4] == ["AutoscalingPolicySpec", "Objectives", "text", "number"]
    assert list(way.forms)[-1] == "ScalingPolicy"
    assert "fairlead.api.amounts" in way.files


def test_what_does_not_hold_it_is_not_noted() -> None:
    with followed(MARKER, ("fairlead.",)) as way:
        deployment_conversion.source("hf://org/model")
    assert (way.frames, way.forms) == ({}, {})


def test_rooms_beside_the_way_are_left_out() -> None:
    spec = AutoscalingPolicySpec(objectives=Objectives(ttftP95=f"{MARKER}s"))
    with followed(MARKER, ("fairlead.router",)) as way:
        policy_conversion.policy(spec)
    assert not way.frames


def test_it_ends_where_the_number_has_arrived() -> None:
    spec = AutoscalingPolicySpec(objectives=Objectives(ttftP95=f"{MARKER}s"))
    last = "fairlead.api.amounts:seconds"
    with followed(MARKER, ("fairlead.",), until=last) as way:
        policy_conversion.policy(spec)
    assert list(way.frames)[-1] == last
    assert "ScalingPolicy" not in way.forms


@pytest.mark.parametrize(
    ("held", "forms"),
    [
        (MARKER, ["number"]),
        (float(MARKER), ["number"]),
        (f"count to {MARKER}", ["text"]),
        (b"6137 waiting", ["text"]),
        ([0, {"waiting": MARKER}], ["JSON", "number"]),
        (Objectives(ttftP95=f"{MARKER}s"), ["Objectives", "text"]),
        (Decided(count=Counted(MARKER)), ["number"]),
        (MARKER + 1, []),
        (True, []),
        (None, []),
        (Counted, []),
        (object(), []),
    ],
)
def test_forms_are_listed_from_the_outside_in(held: object, forms: list[str]) -> None:
    assert Search(MARKER).forms(held) == forms


def test_values_nested_deeper_than_ours_ever_are_are_not_searched() -> None:
    held: object = MARKER
    for _ in range(DEEPEST + 1):
        held = [held]
    assert Search(MARKER).forms(held) == []
    assert Search(MARKER).forms([MARKER]) == ["number"]
