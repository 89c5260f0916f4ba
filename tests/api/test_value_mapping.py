"""Fields map from an object to a value by name and type; a missing source is an error, never dropped."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.value_mapping import value


class Written(ApiModel):
    """As a user writes it."""

    name: str = "chat"
    grace: str | None = "1m30s"
    queue_time: str = "5s"
    idle_timeout: str = "250ms"
    max_size: str = "2Ki"
    share: str = "0.25"
    price: str = "1.10"
    labels: dict[str, str] = Field(default={"b": "2", "a": "1"})
    models: tuple[str, ...] = ("x", "y")
    either: int | str = "text"


class Outer(ApiModel):
    """An object with parts."""

    inner: Written | None = Written()
    each: tuple[Written, ...] = (Written(name="one"), Written(name="two"))


@dataclass(frozen=True)
class Name:
    """One field of many."""

    name: str


@dataclass(frozen=True)
class Parts:
    """Values inside a value."""

    inner: Name | None
    each: tuple[Name, ...]


@dataclass(frozen=True)
class Units:
    """The same with units, as code computes with them."""

    grace_seconds: float | None
    queue_seconds: float
    idle_seconds: float
    max_bytes: int
    share: float
    price: Decimal
    labels: tuple[tuple[str, str], ...]
    models: frozenset[str]
    either: int | str


def test_every_unit_and_collection_is_read_by_the_type_of_its_field() -> None:
    assert value(Written(), Units) == Units(
        grace_seconds=90.0,
        queue_seconds=5.0,
        idle_seconds=0.25,
        max_bytes=2048,
        share=0.25,
        price=Decimal("1.10"),
        labels=(("a", "1"), ("b", "2")),
        models=frozenset({"x", "y"}),
        either="text",
    )


def test_what_is_absent_stays_absent() -> None:
    assert value(Written(grace=None), Units).grace_seconds is None
    assert value(Outer(inner=None), Parts).inner is None


def test_parts_are_values_too() -> None:
    assert value(Outer(), Parts) == Parts(inner=Name("chat"), each=(Name("one"), Name("two")))


def test_a_field_given_as_an_argument_is_not_read_from_the_object() -> None:
    assert value(Written(), Name, name="another") == Name("another")


class Limit(ApiModel):
    """A part with one field."""

    most: str = "90s"


class Limited(ApiModel):
    """Parts that are replaced by their only field."""

    wait: Limit | None = Limit()
    share: Limit = Limit(most="0.5")


@dataclass(frozen=True)
class Limits:
    """The same as numbers."""

    wait_seconds: float | None
    share: float


def test_a_part_with_one_field_is_replaced_by_that_fields_value() -> None:
    assert value(Limited(), Limits) == Limits(wait_seconds=90.0, share=0.5)
    assert value(Limited(wait=None), Limits).wait_seconds is None


@dataclass(frozen=True)
class Strange:
    """A field that nobody can set."""

    color: str = "green"


def test_a_field_without_a_source_is_never_left_at_its_default() -> None:
    with pytest.raises(TypeError, match="Written has no field color: hand it in"):
        value(Written(), Strange)
