"""What one router is told: which engines, under which names, with which limits; read from a JSON file.

Missing keys have the defaults of `fleet.gateways`; keys nobody here knows are passed over, since a newer controller
may have written them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from fairlead.fleet.gateways import Hold, Limits, Retries, Routing, Timeouts

Part = TypeVar("Part", Limits, Timeouts, Hold, Retries)
DEFAULTS: Final = Routing()
_ADDRESS: Final = re.compile(r"[^\s/]+:\d{1,5}")


class Misconfigured(ValueError):
    """The file says something that cannot be acted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One reading of the file."""

    namespace: str = ""
    selector: str = ""
    """Labels of the engine pods; empty when the endpoints are listed."""
    endpoints: tuple[str, ...] = ()
    """Host and port of each engine; empty when they are found by the selector."""
    engine_port: int = 8000
    models: tuple[str, ...] = ()
    """Names clients may ask for, the base model first; empty lets any name through."""
    routing: Routing = DEFAULTS

    @property
    def place(self) -> tuple[str, str, tuple[str, ...], int]:
        """Where the engines come from; while it stays the same they are followed without a break."""
        return (self.namespace, self.selector, self.endpoints, self.engine_port)


def read(text: str) -> Settings:
    """The file's meaning, or `Misconfigured` with the key at fault."""
    try:
        told = json.loads(text)
    except ValueError as problem:
        raise Misconfigured(f"not JSON: {problem}; write one object") from None
    if not isinstance(told, dict):
        raise Misconfigured(f"{type(told).__name__}: must be one JSON object")
    settings = Settings(
        namespace=_text(told, "namespace"),
        selector=_text(told, "selector"),
        endpoints=_texts(told, "endpoints"),
        engine_port=_number(told.get("enginePort", 8000), "enginePort", whole=True, least=1),
        models=_texts(told, "models"),
        routing=_routing(told.get("routing") or {}),
    )
    _check_place(settings)
    return settings


def _check_place(settings: Settings) -> None:
    if bool(settings.selector) == bool(settings.endpoints):
        said = "both are set" if settings.selector else "neither is set"
        raise Misconfigured(f"selector, endpoints: {said}: engines are found by one of them; write exactly one")
    if settings.selector and not settings.namespace:
        raise Misconfigured("namespace: empty: a selector finds pods in one namespace; name it")
    for address in settings.endpoints:
        if not _ADDRESS.fullmatch(address):
            raise Misconfigured(f"endpoints: {address}: must be host:port without a scheme, like 127.0.0.1:8000")


def _routing(told: Any) -> Routing:  # noqa: ANN401 - anything may stand in a file
    """The response cache is not kept by this router, so its part is passed over."""
    parts = _object(told, "routing")
    return Routing(
        limits=_part(Limits, parts, "limits"),
        timeouts=_part(Timeouts, parts, "timeouts", above_zero=True),
        hold=_part(Hold, parts, "hold"),
        retries=_part(Retries, parts, "retries"),
    )


def _part(kind: type[Part], parts: Mapping[str, Any], name: str, *, above_zero: bool = False) -> Part:
    """One group of numbers; each key is its field in camel case."""
    where = f"routing.{name}"
    told = _object(parts.get(name) or {}, where)
    values: dict[str, Any] = {}
    for one in fields(kind):
        key = _camel(one.name)
        value = told.get(key)
        if value is None:
            continue
        if isinstance(one.default, bool):
            values[one.name] = _flag(value, f"{where}.{key}")
        else:
            whole = not isinstance(one.default, float) and not one.name.endswith("_seconds")
            number = _number(value, f"{where}.{key}", whole=whole, least=0)
            if above_zero and number == 0:
                raise Misconfigured(f"{where}.{key}: 0: nothing would ever be answered; write seconds above 0")
            values[one.name] = number
    return kind(**values)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _object(told: Any, where: str) -> Mapping[str, Any]:  # noqa: ANN401 - anything may stand in a file
    if not isinstance(told, dict):
        raise Misconfigured(f"{where}: {told!r}: must be an object")
    return told


def _text(told: Mapping[str, Any], key: str) -> str:
    value = told.get(key) or ""
    if not isinstance(value, str):
        raise Misconfigured(f"{key}: {value!r}: must be text")
    return value


def _texts(told: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = told.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise Misconfigured(f"{key}: {value!r}: must be a list of texts, none of them empty")
    return tuple(value)


def _flag(value: Any, where: str) -> bool:  # noqa: ANN401 - anything may stand in a file
    if not isinstance(value, bool):
        raise Misconfigured(f"{where}: {value!r}: must be true or false")
    return value


def _number(value: Any, where: str, *, whole: bool, least: int) -> Any:  # noqa: ANN401 - anything may stand in a file
    """JSON has one kind of number; a count written 5.0 is still five."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and least <= value < 1e12
    if not good or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise Misconfigured(f"{where}: {value!r}: must be {kind} from {least} up")
    return int(value) if whole else float(value)
