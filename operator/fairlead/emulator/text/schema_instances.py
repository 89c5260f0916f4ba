"""Generates an instance of a JSON schema, like a constrained model: valid, plausible, the same for the same seed.

Reads types, enum, const, references, anyOf/oneOf/allOf, required, bounds, patterns and the usual formats. Does not read
`not`, `if` and `dependentSchemas`: an answer may violate them, as one by a grammar that skips them may.
"""

import json
import math
from collections.abc import Mapping
from typing import Final

from fairlead.emulator.text import patterns
from fairlead.emulator.text.draws import SeededDraws
from fairlead.emulator.text.lexicon import SPOKEN
from fairlead.emulator.text.sample_budget import SampleBudget
from fairlead.emulator.text.schema_intersection import Json, Schema, intersection, resolved

_DEEP: Final = 4
"""Below this many levels only required properties and items are generated."""
_DEEPEST: Final = 40
"""A schema that needs more levels has no finite instance; the reply has null there."""
_WRITTEN: Final = 16
"""Characters of a schema that take as long to measure as one to generate."""
_MORE_ITEMS: Final = 2
_MAX_ITEMS: Final = 10_000
_A_VALUE: Final = 4
"""Characters that cost about as much as a value; a schema that needs more than its budget gets null for the rest."""
_SPAN: Final = 100
"""Numbers without a bound on one side are drawn from this many."""
_FORMATS: Final = {
    "date-time": "2026-0{}-1{}T0{}:3{}:00Z",
    "date": "2026-0{}-1{}",
    "time": "0{}:3{}:1{}Z",
    "duration": "PT{}M{}S",
    "email": "harbour{}{}@example.com",
    "uri": "https://example.com/{}{}",
    "hostname": "pilot{}{}.example.com",
    "ipv4": "192.0.2.1{}{}",
    "ipv6": "2001:db8::{}{}",
    "uuid": "5f0c8e2{}-7a1b-4c3d-9e4f-0123456789a{}",
}
_KINDS_BY_KEY: Final = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "minProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "maxItems": "array",
    "uniqueItems": "array",
    "pattern": "string",
    "minLength": "string",
    "maxLength": "string",
    "format": "string",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
    "multipleOf": "number",
}


def answer(schema: Json, seed: bytes) -> str:
    """Return an instance as JSON text."""
    return json.dumps(instance(schema, SeededDraws(seed)), ensure_ascii=False)


def instance(schema: Json, draws: SeededDraws) -> Json:
    """Return an instance as Python values."""
    return _InstanceBuilder(schema, draws).value(schema, 0)


class _InstanceBuilder:
    def __init__(self, root: Json, draws: SeededDraws) -> None:
        self._root = root
        self._draws = draws
        self._budget = SampleBudget()

    def value(self, schema: Json, depth: int) -> Json:
        if depth > _DEEPEST or self._budget.spent:
            return None
        whole = self._settled(schema, depth)
        if "const" in whole:
            return whole["const"]
        if whole.get("enum"):
            return self._one_of(self._fitting(whole))
        return self._made(whole, depth)

    def _made(self, whole: Schema, depth: int) -> Json:
        made: Json = None
        match self._kind(whole):
            case "object":
                made = self._object(whole, depth)
            case "array":
                made = self._array(whole, depth)
            case "string":
                made = self._text(whole)
            case "integer" | "number" as kind:
                made = self._number(whole, whole_numbers=kind == "integer")
            case "boolean":
                made = bool(self._draws.below(2))
        return made

    def _settled(self, schema: Json, depth: int) -> Schema:
        """Resolve references, merge `allOf`, and choose one branch of each `oneOf` and `anyOf`."""
        if not isinstance(schema, Mapping) or depth > _DEEPEST or self._budget.spent:
            return {}
        whole = resolved(schema, self._root)
        self._budget.take(_A_VALUE + len(whole))
        for part in whole.pop("allOf", ()):
            whole = intersection(whole, self._settled(part, depth + 1))
        for choice in ("oneOf", "anyOf"):
            if branches := whole.pop(choice, None):
                branch = self._shortest(branches) if depth >= _DEEP else self._one_of(branches)
                whole = intersection(whole, self._settled(branch, depth + 1))
        return whole

    def _shortest(self, branches: Json) -> Json:
        sizes = [len(json.dumps(branch)) for branch in branches]
        self._budget.take(sum(sizes) // _WRITTEN)
        return branches[sizes.index(min(sizes))]

    def _one_of(self, choices: Json) -> Json:
        return choices[self._draws.below(len(choices))]

    def _fitting(self, whole: Schema) -> list[Json]:
        """Return enum values of the schema's type, if it has one."""
        kinds = whole.get("type")
        if kinds is None:
            return list(whole["enum"])
        wanted = {kinds} if isinstance(kinds, str) else set(kinds)
        return [value for value in whole["enum"] if _kinds_of(value) & wanted] or list(whole["enum"])

    def _kind(self, whole: Schema) -> str:
        kinds = whole.get("type")
        if isinstance(kinds, str):
            return kinds
        if kinds:
            return str(self._one_of([kind for kind in kinds if kind != "null"] or kinds))
        return next((kind for key, kind in _KINDS_BY_KEY.items() if key in whole), "string")

    def _object(self, whole: Schema, depth: int) -> dict[str, Json]:
        properties = whole.get("properties", {})
        self._budget.take(len(properties))
        required = dict.fromkeys(whole.get("required", ()))
        most = whole.get("maxProperties", math.inf)
        names = dict.fromkeys(name for name in properties if name in required)
        names |= required
        for name in properties:
            if name not in names and len(names) < most and depth < _DEEP and self._draws.below(2):
                names[name] = None
        self._fill(whole, names)
        return {name: self.value(self._schema_of(whole, name), depth + 1) for name in names}

    def _fill(self, whole: Schema, names: dict[str, None]) -> None:
        """Add properties up to `minProperties`: optional ones first, then new ones."""
        least = whole.get("minProperties", 0)
        for name in (*whole.get("properties", {}), *SPOKEN):
            if len(names) >= least:
                return
            names[name] = None

    def _schema_of(self, whole: Schema, name: str) -> Json:
        if name in whole.get("properties", {}):
            return whole["properties"][name]
        other = whole.get("additionalProperties", {})
        return other if isinstance(other, Mapping) else {}

    def _array(self, whole: Schema, depth: int) -> list[Json]:
        first = whole.get("prefixItems", [])
        least = whole.get("minItems", 0)
        more = 0 if depth >= _DEEP else self._draws.below(_MORE_ITEMS + 1)
        items = whole.get("items", {})
        count = max(least, len(first)) if items is False else max(least, len(first)) + more
        count = min(count, whole.get("maxItems", count), _MAX_ITEMS)
        values: list[Json] = []
        taken: set[str] = set()
        for place in range(count):
            schema = first[place] if place < len(first) else items
            value = self._new(schema, taken, depth) if whole.get("uniqueItems") else self.value(schema, depth + 1)
            values.append(value)
        return values

    def _new(self, schema: Json, taken: set[str], depth: int) -> Json:
        """Return a value not yet in the list, found by trying; a schema with too few values gets a duplicate."""
        value = self.value(schema, depth + 1)
        for _ in range(200):
            if json.dumps(value) not in taken or self._budget.spent:
                break
            value = self.value(schema, depth + 1)
        taken.add(json.dumps(value))
        return value

    def _text(self, whole: Schema) -> str:
        drawn = self._draws.drawn
        text = self._drawn_text(whole)
        self._budget.take(max(len(text), self._draws.drawn - drawn) + len(whole.get("pattern", "")))
        return text

    def _drawn_text(self, whole: Schema) -> str:
        if "pattern" in whole:
            try:
                return patterns.example(whole["pattern"], self._draws)
            except patterns.UnsupportedPattern:
                pass
        elif (shape := _FORMATS.get(whole.get("format", ""))) is not None:
            return shape.format(*(1 + self._draws.below(9) for _ in range(shape.count("{}"))))
        least, most = whole.get("minLength", 0), whole.get("maxLength", math.inf)
        text = " ".join(self._one_of(SPOKEN) for _ in range(1 + self._draws.below(3)))
        while len(text) < min(least, self._budget.left):
            text += " " + self._one_of(SPOKEN)
        return text if len(text) <= most else text[: int(most)]

    def _number(self, whole: Schema, *, whole_numbers: bool) -> int | float:
        step = whole.get("multipleOf", 1 if whole_numbers else 0.5)
        if whole_numbers and step != int(step):
            step = 1
        low, high = _bounds(whole, step)
        if math.isfinite(high) and not math.isfinite(low):
            low = high - _SPAN
        elif not math.isfinite(low):
            low = 0
        if not math.isfinite(high):
            high = low + _SPAN
        places = max(0, int(high) - int(low)) if high - low < _SPAN else _SPAN
        number = (low + self._draws.below(int(places) + 1)) * step
        if not whole_numbers and low > high and "multipleOf" not in whole:
            return _between(whole)
        return int(number) if number == int(number) else number


def _bounds(whole: Schema, step: float) -> tuple[float, float]:
    """Return the least and the greatest multiple of `step` within the bounds."""
    low, high = -math.inf, math.inf
    if "minimum" in whole:
        low = math.ceil(whole["minimum"] / step)
    if "exclusiveMinimum" in whole:
        low = max(low, math.floor(whole["exclusiveMinimum"] / step) + 1)
    if "maximum" in whole:
        high = math.floor(whole["maximum"] / step)
    if "exclusiveMaximum" in whole:
        high = min(high, math.ceil(whole["exclusiveMaximum"] / step) - 1)
    return low, high


def _between(whole: Schema) -> float:
    """Return the middle between the bounds, for bounds that have no multiple of 0.5 between them."""
    low = max(whole.get("minimum", -math.inf), whole.get("exclusiveMinimum", -math.inf))
    high = min(whole.get("maximum", math.inf), whole.get("exclusiveMaximum", math.inf))
    return float(low + (high - low) / 2)


def _kinds_of(value: Json) -> set[str]:
    """Return every JSON type of a value; booleans are not numbers, and 1.0 is an integer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return {_KINDS[type(value)]}
    return {"number", "integer"} if value == int(value) else {"number"}


_KINDS: Final = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object"}
