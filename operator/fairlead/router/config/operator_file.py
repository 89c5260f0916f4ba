"""The file that an operator rendered: JSON with the names of `fleet.gateways`, read without pydantic.

Missing keys take the defaults there; unknown keys are ignored, since a newer operator may have written them. pydantic
would cost a router 17 MB and half a second for a file that no person wrote.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from fairlead.fleet.gateways import RoutingSettings, Timeouts
from fairlead.objects import router_file
from fairlead.objects.router_file import (
    CA_FILE,
    ENGINE_CA_FILE,
    KEY_FILES,
    METRICS_KEYS,
    REDIS_URL_FILE,
    ROUTING,
    TLS_FOLDER,
    DeploymentEntry,
    FileHead,
    camel,
)
from fairlead.router.config import document_values, gateway_file
from fairlead.router.config.settings import RouterConfig, RouterConfigError, SecretLocation

CERTIFICATE: Final = "tls.crt"
PRIVATE_KEY: Final = "tls.key"
"""Entry names in a Secret of type kubernetes.io/tls."""

_PLAIN: Final = (*fields(FileHead), *fields(DeploymentEntry))
"""All keys that are no secret, beside the routing and what only a gateway has."""
_DIGEST: Final = re.compile("[0-9a-f]{64}")


def settings(document: Mapping[str, Any]) -> RouterConfig:
    """Parse all settings; secrets as their locations."""
    routing = router_file.by_new_names(document_values.as_object(document.get(ROUTING) or {}, ROUTING))
    connections = routing.get("connections") or {}
    found = document_values.group(RoutingSettings, routing, ROUTING)
    _check_timeouts(found.timeouts)
    hints = document_values.hints(RouterConfig)
    given = {one.name: document.get(camel(one.name)) for one in _PLAIN}
    plain: dict[str, Any] = {
        name: document_values.value_of(hints[name], value, camel(name))
        for name, value in given.items()
        if value is not None
    }
    gateway = gateway_file.settings(document) if gateway_file.describes(document) else {}
    return RouterConfig(
        **plain | gateway,
        routing=replace(found, tenants=tuple(replace(one, keys=()) for one in found.tenants)),
        tls_cert_file=_path(connections.get(TLS_FOLDER), f"/{CERTIFICATE}", f"routing.connections.{TLS_FOLDER}"),
        tls_key_file=_path(connections.get(TLS_FOLDER), f"/{PRIVATE_KEY}", f"routing.connections.{TLS_FOLDER}"),
        engine_ca_file=_path(connections.get(ENGINE_CA_FILE), "", f"routing.connections.{ENGINE_CA_FILE}"),
        issuer_ca_file=_path((routing.get("oidc") or {}).get(CA_FILE), "", f"routing.oidc.{CA_FILE}"),
        key_places=tuple(_keys(routing.get("tenants") or ())),
        metrics_places=tuple(_digests(document.get(METRICS_KEYS) or [])),
        redis_place=_file((routing.get("cache") or {}).get(REDIS_URL_FILE), f"routing.cache.{REDIS_URL_FILE}"),
    )


def _keys(tenants: Any) -> Iterator[tuple[str, SecretLocation]]:  # noqa: ANN401 - a file may contain anything
    for number, tenant in enumerate(tenants):
        where = f"routing.tenants[{number}].{KEY_FILES}"
        for file in document_values.value_of(tuple[str, ...], tenant.get(KEY_FILES) or [], where):
            yield tenant["name"], SecretLocation(file=file)


def _digests(value: Any) -> Iterator[SecretLocation]:  # noqa: ANN401 - a file may contain anything
    for number, each in enumerate(document_values.value_of(tuple[str, ...], value, METRICS_KEYS)):
        if not _DIGEST.fullmatch(each):
            raise RouterConfigError(f"{METRICS_KEYS}[{number}]: {each!r}: must be a SHA-256 in 64 hex digits")
        yield SecretLocation(sha256=each)


def _path(folder: Any, name: str, where: str) -> str | None:  # noqa: ANN401 - a file may contain anything
    return None if folder is None else f"{document_values.text(folder, where)}{name}"


def _file(value: Any, where: str) -> SecretLocation | None:  # noqa: ANN401 - a file may contain anything
    return None if value is None else SecretLocation(file=document_values.value_of(str, value, where))


def _check_timeouts(timeouts: Timeouts) -> None:
    for one in fields(timeouts):
        if getattr(timeouts, one.name) == 0:
            where = f"routing.timeouts.{camel(one.name)}"
            raise RouterConfigError(f"{where}: 0: nothing would ever be answered; write seconds above 0")
