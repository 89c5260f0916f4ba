"""The base model of every object and its parts: frozen, with field names in camelCase, each with a description.

`object_reader` decides whether an unknown field is refused or ignored, never the model.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

API_MODEL: Final = "x-part"
"""Key in a part's schema that names its class and base classes, by which `schema` finds the part's rules."""


def signature(part: type[Any]) -> str:
    """Name a class as that key does."""
    return f"{part.__module__}.{part.__qualname__}"


def _signed(schema: JsonSchemaValue, part: type[Any]) -> None:
    schema[API_MODEL] = [signature(one) for one in part.__mro__ if issubclass(one, ApiModel)]


class ApiModel(BaseModel):
    """A group of fields."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        protected_namespaces=(),
        coerce_numbers_to_str=True,
        json_schema_extra=_signed,
    )


@dataclass(frozen=True, slots=True)
class KeyedList:
    """A list whose elements have a key: the server merges it element by element and refuses duplicate keys."""

    key: str
    of: Callable[[Any], Hashable]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._unique, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core) | {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [self.key]}

    def _unique(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        return _without_twins(items, tuple(self.of(item) for item in items), self.key)


@dataclass(frozen=True, slots=True)
class UniqueList:
    """A list of strings without duplicates; order has no meaning."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._unique, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core) | {"x-kubernetes-list-type": "set"}

    def _unique(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        return _without_twins(items, items, "value")


def _without_twins(items: tuple[Any, ...], keys: tuple[Hashable, ...], key: str) -> tuple[Any, ...]:
    seen: set[Hashable] = set()
    for each in keys:
        if each in seen:
            raise PydanticCustomError(
                "duplicate",
                "the {key} {twin} appears more than once",
                {
                    "key": key,
                    "twin": repr(each.value if isinstance(each, Enum) else each)[:80],
                    "remedy": "keep one of them",
                },
            )
        seen.add(each)
    return items
