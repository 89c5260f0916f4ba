"""The file that an operator rendered: JSON with the names of `fleet.gateways`, read without pydantic.

Missing keys take the defaults there; unknown keys are ignored, since a newer operator may have written them. pydantic
would cost a router 17 MB and half a second for a file that no person wrote.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from fairlead.fleet.gateways import OLD_ROUTING_KEYS, RoutingSettings, Timeouts
from fairlead.router.config import document_values, gateway_file
from fairlead.router.config.settings import RouterConfig, RouterConfigError, SecretLocation

CERTIFICATE: Final = "tls.crt"
PRIVATE_KEY: Final = "tls.key"
"""Entry names in a Secret of type kubernetes.io/tls."""

_PLAIN: Final = ("namespace", "selector", "endpoints", "engine_port", "models", "adapters", "prefix_caching")
_PLAIN_TOO: Final = (
    "rendered_from",
    "adapter_versions",
    "adapter_slots",
    "max_context_tokens",
    "max_sequences",
    "kv_tokens",
    "first_token_seconds",
    "revision",
    "routers",
    "router_selector",
    "engine_kind",
    "config_map",
    "tenant_keys",
    "peer_keys_folder",
    "price_per_hour",
    "share",
)
_DIGEST: Final = re.compile("[0-9a-f]{64}")


def settings(document: Mapping[str, Any]) -> RouterConfig:
    """Parse all settings; secrets as their locations."""
    routing = _by_new_names(document_values.as_object(document.get("routing") or {}, "routing"))
    connections = routing.get("connections") or {}
    found = document_values.group(RoutingSettings, routing, "routing")
    _check_timeouts(found.timeouts)
    hints = document_values.hints(RouterConfig)
    given = {name: document.get(document_values.camel(name)) for name in (*_PLAIN, *_PLAIN_TOO)}
    plain: dict[str, Any] = {
        name: document_values.value_of(hints[name], value, document_values.camel(name))
        for name, value in given.items()
        if value is not None
    }
    gateway = gateway_file.settings(document) if gateway_file.describes(document) else {}
    return RouterConfig(
        **plain | gateway,
        routing=replace(found, tenants=tuple(replace(one, keys=()) for one in found.tenants)),
        tls_cert_file=_path(connections.get("tlsFolder"), f"/{CERTIFICATE}", "routing.connections.tlsFolder"),
        tls_key_file=_path(connections.get("tlsFolder"), f"/{PRIVATE_KEY}", "routing.connections.tlsFolder"),
        engine_ca_file=_path(connections.get("engineCaFile"), "", "routing.connections.engineCaFile"),
        issuer_ca_file=_path((routing.get("oidc") or {}).get("caFile"), "", "routing.oidc.caFile"),
        key_places=tuple(_keys(routing.get("tenants") or ())),
        metrics_places=tuple(_digests(document.get("metricsKeys") or [])),
        redis_place=_file((routing.get("cache") or {}).get("redisUrlFile"), "routing.cache.redisUrlFile"),
    )


def _by_new_names(routing: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name each setting as this release does; an older operator knows only the old names."""
    old = {name: routing[before] for name, before in OLD_ROUTING_KEYS.items() if before in routing}
    return old | dict(routing)


def _keys(tenants: Any) -> Iterator[tuple[str, SecretLocation]]:  # noqa: ANN401 - a file may contain anything
    for number, tenant in enumerate(tenants):
        where = f"routing.tenants[{number}].keyFiles"
        for file in document_values.value_of(tuple[str, ...], tenant.get("keyFiles") or [], where):
            yield tenant["name"], SecretLocation(file=file)


def _digests(value: Any) -> Iterator[SecretLocation]:  # noqa: ANN401 - a file may contain anything
    for number, each in enumerate(document_values.value_of(tuple[str, ...], value, "metricsKeys")):
        if not _DIGEST.fullmatch(each):
            raise RouterConfigError(f"metricsKeys[{number}]: {each!r}: must be a SHA-256 in 64 hex digits")
        yield SecretLocation(sha256=each)


def _path(folder: Any, name: str, where: str) -> str | None:  # noqa: ANN401 - a file may contain anything
    return None if folder is None else f"{document_values.text(folder, where)}{name}"


def _file(value: Any, where: str) -> SecretLocation | None:  # noqa: ANN401 - a file may contain anything
    return None if value is None else SecretLocation(file=document_values.value_of(str, value, where))


def _check_timeouts(timeouts: Timeouts) -> None:
    for one in fields(timeouts):
        if getattr(timeouts, one.name) == 0:
            where = f"routing.timeouts.{document_values.camel(one.name)}"
            raise RouterConfigError(f"{where}: 0: nothing would ever be answered; write seconds above 0")
