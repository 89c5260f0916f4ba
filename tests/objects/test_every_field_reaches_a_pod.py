"""Change any field of a spec, and the pod changes: a lever that is read and then dropped has no effect.

The fields come from the values themselves, so a new one without a place in the pod, or in no spec here, fails.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final

import pytest

from fairlead.api import deployment_conversion
from fairlead.engines.catalogue import ENGINES, releases
from fairlead.fleet.image_pull import ImagePull
from fairlead.objects.manifest import Manifest
from tests.api.full_specs import COUNTED, ON_CPU
from tests.objects.specs import FULL, LEAST, read, template, wanted

ELSEWHERE: Final = {
    "DesiredRevision.namespace": "the pod lives where its owner does",
    "DesiredEngine.version": "chooses the rules a spec is held to; the image says what runs",
    "DesiredModel.shape": "decides whether the model fits",
}
SPECULATION: Final = {"method": "ngram", "tokens": 4, "lookupMin": 2, "lookupMax": 5}
PLACED: Final = COUNTED["placement"] | {"affinity": FULL["placement"]["affinity"]}
SPECS: Final = (
    wanted(COUNTED | {"accelerator": {"product": "NVIDIA-L4"}, "placement": PLACED}),
    wanted(FULL),
    wanted(LEAST | {"engine": {"speculation": SPECULATION}}),
    wanted(ON_CPU),
    deployment_conversion.deployment(
        read(LEAST | {"engine": {"lora": {"slots": 4, "cpuSlots": 12, "maxRank": 32, "claimName": "adapters"}}}),
        releases("fairlead:1", pull=ImagePull(policy="Always", secrets=("own",))),
    ),
)
Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[str, Path]]:  # noqa: ANN401  # any part of a spec
    """Each field that is not a group, with its path; an unset field is no leaf."""
    for each in fields(value):
        inside = getattr(value, each.name)
        here = (*path, each.name)
        if is_dataclass(inside):
            yield from leaves(inside, here)
        elif isinstance(inside, tuple) and inside and is_dataclass(inside[0]):
            yield from (leaf for number, one in enumerate(inside) for leaf in leaves(one, (*here, number)))
        elif inside not in (None, ()):
            yield f"{type(value).__name__}.{each.name}", here


def groups(value: Any) -> Iterator[Any]:  # noqa: ANN401  # any part of a spec
    """Every group that a spec is made of, itself included."""
    yield value
    for each in fields(value):
        inside = getattr(value, each.name)
        for one in inside if isinstance(inside, tuple) else (inside,):
            if is_dataclass(one):
                yield from groups(one)


def others(value: Any) -> list[Any]:  # noqa: ANN401  # any value of a spec
    """Values of the same type with another meaning."""
    match value:
        case bool():
            return [not value]
        case Enum():
            return [one for one in type(value) if one is not value]
        case int() | float():
            return [value + 1, value * 64]
        case str():
            return ["{}"] if value.startswith("{") else [f"{value}-other"]
        case (str(), *_):
            return [(*value, "other")]
    return [((*value[0][:-1], "other"),)]


def changed(value: Any, path: Path, new: object) -> Any:  # noqa: ANN401  # any part of a spec
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*value[:step], changed(value[step], rest, new), *value[step + 1 :])
    return replace(value, **{step: changed(getattr(value, step), rest, new)})


def at(value: Any, path: Path) -> Any:  # noqa: ANN401  # any part of a spec
    for step in path:
        value = value[step] if isinstance(step, int) else getattr(value, step)
    return value


def tried(name: str) -> Iterator[tuple[Manifest, Manifest]]:
    """The pod before and after each change of one field."""
    for deployment in SPECS:
        for path in (path for found, path in leaves(deployment.revision) if found == name):
            for other in others(at(deployment.revision, path)):
                after = replace(deployment, revision=changed(deployment.revision, path, other))
                if after.revision.engine.kind in ENGINES:
                    yield template(deployment), template(after)


LEAVES: Final = frozenset(name for deployment in SPECS for name, _ in leaves(deployment.revision))


def test_every_field_is_wished_for_somewhere() -> None:
    """A field that holds groups is not counted itself; its groups' fields are."""
    inside = [
        (group, each.name, getattr(group, each.name))
        for deployment in SPECS
        for group in groups(deployment.revision)
        for each in fields(group)
    ]
    named = {f"{type(group).__name__}.{name}" for group, name, _ in inside}
    above = {f"{type(group).__name__}.{name}" for group, name, held in inside if any(groups_in(held))}
    assert named - LEAVES - above == set()


def groups_in(held: object) -> list[bool]:
    return [is_dataclass(one) for one in (held if isinstance(held, tuple) else (held,))]


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_a_changed_field_changes_the_pod(name: str) -> None:
    moved = any(before != after for before, after in tried(name))
    assert moved != (name in ELSEWHERE), name
