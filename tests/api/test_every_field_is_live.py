"""Acto's consistency oracle for our API: change any field, and the values that decisions read must change.

A field that is read and then dropped looks like a lever and has no effect. The fields come from the schema, so a new
one without a place in `full_specs` fails here.
"""

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from fairlead.api import adapter_conversion, deployment_conversion, gateway_conversion, policy_conversion
from fairlead.api.kinds import ADAPTER, DEPLOYMENT, EVALUATION, KINDS, POLICY, Kind
from fairlead.api.object_reader import read_stored, read_strict
from fairlead.api.read_problems import ReadReason
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.review import evaluations
from house import structural_schema
from tests.api.full_specs import FULL, with_value
from tests.api.objects import written

ONLY_JUDGED = {"accelerator.count"}
"""States what parallelism states already; refused when it differs."""

OTHERS = (
    "other",
    "5%",
    "http://other:1",
    "https://other:1",
    "hf://other/other",
    "7s",
    "7Gi",
    "0.33",
    "1.5",
    "7",
    "0 9 * * *",
    "Europe/Paris",
    "other.example/gpu",
    "{{ other }}",
    "/other/file",
    f"sha256:{'c' * 64}",
)
RELEASES = {kind: EngineRelease(version="0.32.0", image=f"example.com/{kind.lower()}:v0.32.0") for kind in EngineKind}
Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401  # any value of a spec
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [leaf for key, each in inside for leaf in leaves(each, (*path, key))]
    yield from below or [path]


def others(value: Any, words: list[str]) -> list[Any]:  # noqa: ANN401  # any value of a spec
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    return [*words, *sorted(OTHERS, key=lambda other: -likeness(str(value), other))]


def likeness(value: str, other: str) -> int:
    """How much two texts look like values of one type: a field is decided with each until one changes it."""
    return (value[:1].isdigit() == other[:1].isdigit()) + (value[-1:] == other[-1:]) + (value[-2:] == other[-2:])


def decided(kind: Kind[Any], spec: dict[str, Any]) -> Any:  # noqa: ANN401  # whatever its kind becomes
    """What decisions read; None for a misspelt value."""
    reading = read_stored(written(spec, kind=kind), kind)
    if reading.value is None or any(one.reason is not ReadReason.CONTRADICTION for one in reading.problems):
        return None
    if kind is DEPLOYMENT:
        return deployment_conversion.deployment(reading.value, RELEASES)
    if kind is POLICY:
        return policy_conversion.policy(reading.value.spec)
    if kind is ADAPTER:
        return adapter_conversion.adapter(reading.value)
    if kind is EVALUATION:
        return evaluations.plan(reading.value.spec)
    return gateway_conversion.gateway(reading.value)


@functools.cache
def decided_by(full: int) -> Any:  # noqa: ANN401  # whatever its kind becomes
    """What a full spec becomes, for all of its fields."""
    return decided(*FULL[full])


def named(path: Path) -> str:
    return ".".join(step for step in path if isinstance(step, str))


@pytest.mark.parametrize(("kind", "spec"), FULL, ids=lambda each: each.short if isinstance(each, Kind) else "")
def test_a_spec_with_every_field_is_right(kind: Kind[Any], spec: dict[str, Any]) -> None:
    assert read_strict(written(spec, kind=kind), kind).problems == ()


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [(kind, spec, path) for kind, spec in FULL for path in leaves(spec)],
    ids=lambda each: ".".join(map(str, each)) if isinstance(each, tuple) else "",
)
def test_a_changed_field_changes_what_is_decided(kind: Kind[Any], spec: dict[str, Any], path: Path) -> None:
    value: Any = spec
    for step in path:
        value = value[step]
    before = decided_by(FULL.index((kind, spec)))
    tried = (decided(kind, with_value(spec, path, other)) for other in others(value, words(kind, path)))
    assert any(after not in (None, before) for after in tried), f"{named(path)} moves nothing"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.short)
def test_every_field_of_the_schema_is_in_a_full_spec(kind: Kind[Any]) -> None:
    there = {named(path) for one, spec in FULL if one is kind for path in leaves(spec)}
    wanted = set(leaves_of(kind)) - ONLY_JUDGED
    assert {name for name in wanted if not any(f"{each}.".startswith(f"{name}.") for each in there)} == set()


def words(kind: Kind[Any], path: Path) -> list[str]:
    """The values that an enum allows."""
    return list(leaves_of(kind).get(named(path), {}).get("enum", []))


@functools.cache
def leaves_of(kind: Kind[Any]) -> dict[str, dict[str, Any]]:
    """The leaves of a kind's schema, by their names."""
    return {named(path): leaf for path, leaf in fields(structural_schema.of(kind.spec))}


def fields(node: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The leaves of a schema."""
    here = node["items"] if node.get("type") == "array" else node
    if "properties" not in here:
        yield path, here
    for name, below in here.get("properties", {}).items():
        yield from fields(below, (*path, name))
