"""Bounds the cost of checking by a schema, before it is compiled: no schema may hang a router.

A schema is laid over the places of a document: at one place apply all subschemas that `allOf`, `anyOf`, `$ref` and the
like bring there. `width` is the most that applies at any place. A schema that contains itself is laid anew at places
below; `growth` is how often one place needs that: from 2 on, a document that nests n deep may take 2 to the n.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from fairlead.fleet.light_dataclass import light
from fairlead.routing.answers.schema_references import References, SchemaError

MAX_STEPS: Final = 5000
"""Subschemas with all references unfolded."""
MAX_MET: Final = 20_000
"""Places of a document at which parts of the schema can meet: members by name and by pattern multiply at each level."""
MAX_DEPTH: Final = 100
MAX_CHECKS: Final = 2**40
"""Far more than is ever checked: counting stops there."""
_LISTS: Final = ("allOf", "anyOf", "oneOf")
_SINGLES: Final = ("not", "if", "then", "else")
_MAPS: Final = ("dependentSchemas", "dependencies")
_MEMBERS: Final = ("additionalProperties", "unevaluatedProperties", "propertyNames")
_ITEMS: Final = ("items", "additionalItems", "contains", "unevaluatedItems", "prefixItems")
_VALUES: Final = ("enum", "const")


@light
class SchemaCost:
    """Bounds for one schema."""

    width: int
    growth: int

    def steps(self, document: object, size: int) -> int:
        """Return the most steps for a document of this many bytes."""
        return self.width * (size + (_growing(document, self.growth) if self.growth > 1 else 0))


@dataclass(slots=True, eq=False)
class Place:
    """What applies at one place of a document, and at the places below it."""

    weight: int = 0
    recursions: int = 0
    members: dict[str, "Place"] = field(default_factory=dict)
    any_member: "Place | None" = None
    any_item: "Place | None" = None
    is_root: bool = False

    @property
    def has_below(self) -> bool:
        """Whether something applies at places below it."""
        return bool(self.members) or self.any_member is not None or self.any_item is not None


def cost_of(schema: object) -> SchemaCost:
    """Return the bounds; raises `SchemaError` with the reason if the schema is refused."""
    references = References(schema)
    walk = _Walk(references)
    places = [walk.laid(one) for one in (schema, *references.recursive_schemas())]
    meetings = _Meetings()
    heaviest = [meetings.heaviest((place,)) for place in places]
    return SchemaCost(width=max(one for one, _ in heaviest), growth=max(other for _, other in heaviest))


class _Meetings:
    """Finds what applies together, counting steps."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, ...], tuple[int, int]] = {}
        """By the identities of places that apply together and have some below them."""
        self._steps = 0

    def heaviest(self, places: tuple[Place, ...]) -> tuple[int, int]:
        """Return the greatest weight and the most recursions at any place, if all of these apply at one."""
        weight = sum(one.weight for one in places)
        recursions = sum(one.recursions for one in places)
        inner_weight, inner_recursions = self._below(tuple(one for one in places if one.has_below))
        return max(weight, inner_weight), max(recursions, inner_recursions)

    def _below(self, places: tuple[Place, ...]) -> tuple[int, int]:
        key = tuple(map(id, places))
        if (found := self._found.get(key)) is not None:
            return found
        weight, recursions = 0, 0
        for below in _below(places):
            self._steps += 1
            if self._steps > MAX_MET:
                raise SchemaError(
                    f"its rules for some and for all members meet over {MAX_MET} times; nest fewer of both"
                )
            inner_weight, inner_recursions = self.heaviest(below)
            weight, recursions = max(weight, inner_weight), max(recursions, inner_recursions)
        self._found[key] = weight, recursions
        return weight, recursions


def _below(places: tuple[Place, ...]) -> Iterator[tuple[Place, ...]]:
    """Yield the places that share a name, each with what applies to all names; and the items of lists."""
    everywhere = tuple(one.any_member for one in places if one.any_member is not None)
    for name in {name for one in places for name in one.members}:
        yield (*(one.members[name] for one in places if name in one.members), *everywhere)
    if everywhere:
        yield everywhere
    if items := tuple(one.any_item for one in places if one.any_item is not None):
        yield items


class _Walk:
    """Lays schemas over places, counting steps."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._steps = 0

    def laid(self, schema: object) -> Place:
        """Return a tree of places, with what the schema brings to each."""
        place = Place(is_root=True)
        self._lay(schema, place, 0)
        return place

    def _lay(self, schema: object, place: Place, depth: int, unfolded: tuple[str, ...] = ()) -> None:
        """Lay a schema; `unfolded` has the references followed since the last step into the document."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise SchemaError(f"it expands to more than {MAX_STEPS} subschemas; refer less often to large parts")
        if depth > MAX_DEPTH:
            raise SchemaError(f"it nests more than {MAX_DEPTH} deep; flatten it")
        place.weight += 1
        if isinstance(schema, dict):
            place.weight += len(schema) + sum(_size(schema[name]) for name in _VALUES if name in schema)
            for inner in _in_place(schema):
                self._lay(inner, place, depth + 1, unfolded)
            if isinstance(reference := schema.get("$ref"), str):
                self._follow(reference, place, depth, unfolded)
            self._lay_members(schema, place, depth)
            self._lay_items(schema, place, depth)

    def _follow(self, reference: str, place: Place, depth: int, unfolded: tuple[str, ...]) -> None:
        """Follow a reference. A schema that contains itself has its own tree, so it only counts below a tree's root."""
        if reference in unfolded:
            message = f"{reference[:60]!r} refers to itself without a step into the document; remove that cycle"
            raise SchemaError(message)
        if self._references.is_recursive(reference) and not place.is_root:
            place.recursions += 1
        else:
            self._lay(self._references.resolved(reference), place, depth + 1, (*unfolded, reference))

    def _lay_members(self, schema: dict[str, Any], place: Place, depth: int) -> None:
        for name, inner in _mapping(schema, "properties"):
            self._lay(inner, place.members.setdefault(name, Place()), depth + 1)
        inners = [inner for _, inner in _mapping(schema, "patternProperties")]
        inners += [schema[name] for name in _MEMBERS if name in schema]
        for inner in inners:
            place.any_member = place.any_member or Place()
            self._lay(inner, place.any_member, depth + 1)

    def _lay_items(self, schema: dict[str, Any], place: Place, depth: int) -> None:
        for name in _ITEMS:
            inners = schema.get(name, [])
            for inner in inners if isinstance(inners, list) else [inners]:
                place.any_item = place.any_item or Place()
                self._lay(inner, place.any_item, depth + 1)


def _growing(document: object, growth: int) -> int:
    """Return how often all values of a document may be checked, if that grows with each level; capped."""
    checks, waiting = 0, [(document, 1)]
    while waiting and checks < MAX_CHECKS:
        one, times = waiting.pop()
        checks += times
        inner = one if isinstance(one, list) else one.values() if isinstance(one, dict) else ()
        waiting.extend((value, times * growth) for value in inner)
    return checks


def _in_place(schema: dict[str, Any]) -> Iterator[object]:
    """Yield subschemas for the same place of the document."""
    for name in _LISTS:
        inners = schema.get(name)
        yield from inners if isinstance(inners, list) else ()
    yield from (schema[name] for name in _SINGLES if name in schema)
    for name in _MAPS:
        yield from (inner for _, inner in _mapping(schema, name))


def _mapping(schema: dict[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    value = schema.get(name)
    return iter(value.items() if isinstance(value, dict) else ())


def _size(value: object) -> int:
    """Return how many values it consists of."""
    size, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        size += 1
        waiting.extend(one if isinstance(one, list) else one.values() if isinstance(one, dict) else ())
    return size
