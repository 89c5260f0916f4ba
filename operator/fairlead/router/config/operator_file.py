"""The file that an operator rendered: JSON under the names of `fleet.gateways`, read without pydantic.

Missing keys have the defaults there; unknown keys are ignored, since a newer operator may have written them. pydantic
would cost a router 17 MB and half a second for a file that no person wrote.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import RoutingSettings, Timeouts
from fairlead.router.config.settings import RouterConfig, RouterConfigError, SecretLocation

G = TypeVar("G")

CERTIFICATE: Final = "tls.crt"
PRIVATE_KEY: Final = "tls.key"
"""The names in a Secret of type kubernetes.io/tls."""

_PLAIN: Final = ("namespace", "selector", "endpoints", "engine_port", "models", "adapters", "prefix_caching")
_PLAIN_TOO: Final = (
    "max_context_tokens",
    "max_sequences",
    "kv_tokens",
    "revision",
    "routers",
    "router_selector",
    "engine_kind",
)
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_LARGEST: Final = 1e12
"""Limit of any number; a larger count is a mistake, and a larger float is no exact whole number."""


def settings(document: Mapping[str, Any]) -> RouterConfig:
    """All settings; secrets as their locations."""
    routing = _object(document.get("routing") or {}, "routing")
    door = routing.get("door") or {}
    found = _group(RoutingSettings, routing, "routing")
    _check_timeouts(found.timeouts)
    hints = _hints(RouterConfig)
    given = {name: document.get(camel(name)) for name in (*_PLAIN, *_PLAIN_TOO)}
    plain: dict[str, Any] = {
        name: _value(hints[name], value, camel(name)) for name, value in given.items() if value is not None
    }
    return RouterConfig(
        **plain,
        routing=replace(found, tenants=tuple(replace(one, keys=()) for one in found.tenants)),
        tls_cert_file=_path(door.get("tlsFolder"), f"/{CERTIFICATE}", "routing.door.tlsFolder"),
        tls_key_file=_path(door.get("tlsFolder"), f"/{PRIVATE_KEY}", "routing.door.tlsFolder"),
        engine_ca_file=_path(door.get("engineCaFile"), "", "routing.door.engineCaFile"),
        key_places=tuple(_keys(routing.get("tenants") or ())),
        metrics_places=tuple(_digests(document.get("metricsKeys") or [])),
        redis_place=_file((routing.get("cache") or {}).get("redisUrlFile"), "routing.cache.redisUrlFile"),
    )


def _keys(tenants: Any) -> Iterator[tuple[str, SecretLocation]]:  # noqa: ANN401 - anything may stand in a file
    for number, tenant in enumerate(tenants):
        where = f"routing.tenants[{number}].keyFiles"
        for file in _value(tuple[str, ...], tenant.get("keyFiles") or [], where):
            yield tenant["name"], SecretLocation(file=file)


def _digests(value: Any) -> Iterator[SecretLocation]:  # noqa: ANN401 - anything may stand in a file
    for number, each in enumerate(_value(tuple[str, ...], value, "metricsKeys")):
        if not _DIGEST.fullmatch(each):
            raise RouterConfigError(f"metricsKeys[{number}]: {each!r}: must be a SHA-256 in 64 hex digits")
        yield SecretLocation(sha256=each)


def _path(folder: Any, name: str, where: str) -> str | None:  # noqa: ANN401 - anything may stand in a file
    return None if folder is None else f"{_text(folder, where)}{name}"


def _file(value: Any, where: str) -> SecretLocation | None:  # noqa: ANN401 - anything may stand in a file
    return None if value is None else SecretLocation(file=_value(str, value, where))


def _check_timeouts(timeouts: Timeouts) -> None:
    for one in fields(timeouts):
        if getattr(timeouts, one.name) == 0:
            where = f"routing.timeouts.{camel(one.name)}"
            raise RouterConfigError(f"{where}: 0: nothing would ever be answered; write seconds above 0")


def _group(kind: type[G], group: Mapping[str, Any], where: str) -> G:
    """One group of settings; each key is its field in camel case."""
    hints = _hints(kind)  # type: ignore[arg-type]  # every class is hashable
    values: dict[str, Any] = {}
    for one in fields(kind):  # type: ignore[arg-type]  # only asked of dataclasses
        hint, value = hints[one.name], group.get(camel(one.name))
        if _is_secret(hint):
            values[one.name] = () if get_origin(hint) is tuple else None
        elif value is not None:
            values[one.name] = _value(hint, value, f"{where}.{camel(one.name)}")
        elif one.default is MISSING and one.default_factory is MISSING:
            raise RouterConfigError(f"{where}.{camel(one.name)}: absent: it is needed; the operator writes it")
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:  # noqa: ANN401 - anything may stand in a file
    """The value converted to the type of its field."""
    origin = get_origin(hint)
    if origin is UnionType:
        hint = next(one for one in get_args(hint) if one is not type(None))
        origin = get_origin(hint)
    if origin in (tuple, frozenset):
        return origin(_list(get_args(hint)[0], value, where))
    if is_dataclass(hint):
        return _group(hint, _object(value, where), where)  # type: ignore[arg-type]  # a class, not a value
    if hint is bool:
        return _flag(value, where)
    if hint in (int, float):
        return _number(value, where, whole=hint is int)
    text = _text(value, where)
    return text if hint is str else _decimal(text, where)


def _list(hint: Any, value: Any, where: str) -> Iterator[Any]:  # noqa: ANN401 - anything may stand in a file
    if not isinstance(value, list):
        raise RouterConfigError(f"{where}: {value!r}: must be a list")
    for number, each in enumerate(value):
        if each == "":
            raise RouterConfigError(f"{where}: {value!r}: must be a list of texts, none of them empty")
        yield _value(hint, each, f"{where}[{number}]")


def _is_secret(hint: Any) -> bool:  # noqa: ANN401 - a type as it is written
    return hint is SecretKey or any(_is_secret(one) for one in get_args(hint))


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def camel(name: str) -> str:
    """A field's name as a file spells it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _object(value: Any, where: str) -> Mapping[str, Any]:  # noqa: ANN401 - anything may stand in a file
    if not isinstance(value, dict):
        raise RouterConfigError(f"{where}: {value!r}: must be an object")
    return value


def _text(value: Any, where: str) -> str:  # noqa: ANN401 - anything may stand in a file
    if not isinstance(value, str):
        raise RouterConfigError(f"{where}: {value!r}: must be text")
    return value


def _flag(value: Any, where: str) -> bool:  # noqa: ANN401 - anything may stand in a file
    if not isinstance(value, bool):
        raise RouterConfigError(f"{where}: {value!r}: must be true or false")
    return value


def _number(value: Any, where: str, *, whole: bool) -> int | float:  # noqa: ANN401 - anything may stand in a file
    """Check a number. JSON has one kind; a count written 5.0 is still five."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LARGEST
    if not good or (whole and not math.isclose(value, int(value), abs_tol=0.0)):
        kind = "a whole number" if whole else "a number"
        raise RouterConfigError(f"{where}: {value!r}: must be {kind} from 0 up")
    return int(value) if whole else float(value)


def _decimal(text: str, where: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise RouterConfigError(f'{where}: {text!r}: must be a decimal, for instance "12.50"') from None
