"""A gateway's part of the operator's file: its targets, the external APIs, and the routes to them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from fairlead.fleet.model_routes import EXTERNAL, ExternalTarget, ModelRoute, RouteStrategy
from fairlead.objects.router_file import EXTERNALS, KEY_FILE, ROUTES, TARGETS
from fairlead.router.config import document_values
from fairlead.router.config.settings import ExternalConfig, RouterConfigError, SecretLocation, TargetConfig

_KEYS: Final = (TARGETS, EXTERNALS, ROUTES)
_SCHEMES: Final = ("http", "https")


def describes(document: Mapping[str, Any]) -> bool:
    """Whether a file is a gateway's."""
    return any(document.get(key) is not None for key in _KEYS)


def settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the fields of `RouterConfig`; clients may use the routes' names."""
    targets = tuple(_targets(_list(document, TARGETS)))
    externals = tuple(_externals(_list(document, EXTERNALS)))
    routes = tuple(_route(item, f"routes[{place}]") for place, item in enumerate(_list(document, ROUTES)))
    names = [one.target for one in targets] + [one.api.name for one in externals]
    _check_once(names, "targets, externals")
    _check_once([one.name for one in routes], "routes")
    return {
        "is_gateway": True,
        "targets": targets,
        "externals": externals,
        "routes": routes,
        "models": tuple(one.name for one in routes),
    }


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    found = document.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise RouterConfigError(f"{key}: {found!r}: must be a list")
    return found


def _targets(items: list[Any]) -> Iterator[TargetConfig]:
    for place, item in enumerate(items):
        where = f"targets[{place}]"
        found = document_values.value_of(TargetConfig, item, where)
        if not found.target or found.target.startswith(EXTERNAL):
            raise RouterConfigError(f"{where}.target: {found.target!r}: must be namespace/name of a deployment")
        yield found


def _externals(items: list[Any]) -> Iterator[ExternalConfig]:
    for place, item in enumerate(items):
        where = f"externals[{place}]"
        api = document_values.value_of(ExternalTarget, item, where)
        if not api.name.startswith(EXTERNAL):
            raise RouterConfigError(f"{where}.name: {api.name!r}: must begin with {EXTERNAL}")
        if not _is_address(api.url):
            raise RouterConfigError(f"{where}.url: {api.url!r}: must be a URL like https://api.example.com/v1")
        file = item.get(KEY_FILE)
        key = None if file is None else SecretLocation(file=document_values.text(file, f"{where}.{KEY_FILE}"))
        yield ExternalConfig(api=replace(api, url=api.url.rstrip("/")), key_place=key)


def _is_address(url: str) -> bool:
    """Return whether this is a URL with a host and a possible port."""
    try:
        address = urlsplit(url)
        return address.scheme in _SCHEMES and bool(address.hostname) and address.port != 0
    except ValueError:
        return False


def _route(item: Any, where: str) -> ModelRoute:  # noqa: ANN401 - a file may contain anything
    found: ModelRoute = document_values.value_of(ModelRoute, item, where)
    match found.strategy:
        case RouteStrategy.SINGLE | RouteStrategy.RULES if not found.target:
            raise RouterConfigError(f"{where}.target: absent: {found.strategy} needs one")
        case RouteStrategy.WEIGHTED if not any(one.weight for one in found.weighted):
            raise RouterConfigError(f"{where}.weighted: no target has a weight above 0")
        case RouteStrategy.CASCADE if found.cascade is None or not found.cascade.targets:
            raise RouterConfigError(f"{where}.cascade.targets: absent: Cascade needs them")
    return found


def _check_once(names: list[str], where: str) -> None:
    if again := sorted({one for one in names if names.count(one) > 1}):
        raise RouterConfigError(f"{where}: {', '.join(again)}: named twice; give each its own name")
