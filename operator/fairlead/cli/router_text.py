"""The settings of a router as text: each with its effective value, and never a secret."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fairlead.objects import router_config, router_file
from fairlead.router.config.loader import RouterConfig, SecretLocation

_SECRETS = frozenset({router_file.KEY_FILES, router_file.REDIS_URL_FILE})
_ELSEWHERE = _SECRETS | {"routing", "keyPlaces", "redisPlace", "metricsPlaces", "peerKeys", "warnings", "isGateway"}
_OF_GATEWAYS = frozenset({"targets", "externals", "routes", "configMap", "tenantKeys"})
_OF_ONE = frozenset({"selector", "endpoints", "enginePort", "engineKind", "adapters", "prefixCaching", "revision"})
_OF_ONE_TOO = frozenset({"maxContextTokens", "maxSequences", "kvTokens"})
"""Settings of the only target of a plain router; a gateway has them below `targets`."""


def as_json(settings: RouterConfig) -> str:
    """Format as JSON, under stable names."""
    return json.dumps(_document(settings), indent=1, ensure_ascii=False)


def as_text(settings: RouterConfig) -> str:
    """Format one aligned line per setting; an empty value is a dash."""
    lines = list(_lines(_document(settings), ""))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:{width}}  {value}" for name, value in lines)


def _document(settings: RouterConfig) -> dict[str, Any]:
    """The settings of the file first, then those for requests; for secrets their locations and number."""
    externals = tuple(replace(one, key=None) for one in settings.externals)
    bare = replace(settings, keys={}, redis_url=None, metrics_keys=frozenset(), peer_keys=(), externals=externals)
    plain = router_config.plain(bare)
    absent = _ELSEWHERE | (_OF_ONE | _OF_ONE_TOO if settings.is_gateway else _OF_GATEWAYS)
    found = {name: value for name, value in plain.items() if name not in absent}
    found[router_file.METRICS_KEYS] = [_where(location) for location in settings.metrics_places]
    found["metricsKeysFound"], found["peerKeysFound"] = len(settings.metrics_keys), len(settings.peer_keys)
    routing = plain["routing"]
    for tenant in routing["tenants"]:
        del tenant[router_file.KEY_FILES]
        tenant["keys"] = [_where(location) for name, location in settings.key_places if name == tenant["name"]]
        tenant["keysFound"] = sum(one == tenant["name"] for one in settings.keys.values())
    routing["cache"].pop(router_file.REDIS_URL_FILE)
    routing["cache"]["redis"] = _where(settings.redis_place) if settings.redis_place else None
    for one in (router_file.TLS_FOLDER, router_file.ENGINE_CA_FILE):
        routing["connections"].pop(one)
    return found | {"routing": routing}


def _where(location: SecretLocation) -> str:
    if location.file is not None:
        return f"file {location.file}"
    return f"env {location.env}" if location.env is not None else "sha256"


def _lines(value: Any, above: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any value of the settings
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _lines(below, f"{above}.{name}" if above else name)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, below in enumerate(value):
            yield from _lines(below, f"{above}[{number}]")
    else:
        yield above, _word(value)


def _word(value: Any) -> str:  # noqa: ANN401 - any value of the settings
    if value is None or value in ([], "", {}):
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
