"""The file that a person wrote: the groups of `spec.router`, spelt and checked as in the API.

Imported only for such a file, since it imports the API models, and pydantic with them.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from fairlead.api import amounts, document_bounds, field_rules, routing_conversion, validation_errors
from fairlead.api.read_problems import path_text
from fairlead.api.router_file import KeySource, RouterFile, StandaloneConnections, StandaloneRedis
from fairlead.documents import yaml_document
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.gateways import LateAction, RoutingSettings
from fairlead.fleet.token_issuer import shared_claims
from fairlead.router.config.settings import RouterConfig, RouterConfigError, SecretLocation

ROOT: Final = "spec"
"""First path element in the API's messages; a file has no such key, so it is removed."""

OLD_NAME: Final = "routing.door: the next release no longer reads this name; rename it to routing.connections"


def settings(text: str) -> RouterConfig:
    """Parse all settings; raises `RouterConfigError` with all mistakes at once."""
    file = _read(text)
    _check_adapters(file)
    connections = _connections(file)
    tls, engine_tls, redis, oidc = connections.tls, connections.engine_tls, file.routing.cache.redis, file.routing.oidc
    return RouterConfig(
        namespace=file.namespace,
        selector=file.selector,
        endpoints=file.endpoints,
        engine_port=file.engine_port,
        models=file.models,
        adapters=file.adapters,
        prefix_caching=file.prefix_caching,
        max_context_tokens=file.max_context_tokens,
        max_sequences=file.max_sequences,
        kv_tokens=file.kv_tokens,
        first_token_seconds=_objective(file),
        price_per_hour=None if file.price_per_hour is None else Decimal(file.price_per_hour),
        routers=file.routers,
        routing=_routing(file),
        tls_cert_file=tls.cert_file if tls else None,
        tls_key_file=tls.key_file if tls else None,
        engine_ca_file=engine_tls.ca_file if engine_tls else None,
        issuer_ca_file=oidc.ca_file if oidc else None,
        key_places=tuple(_keys(file)),
        metrics_places=tuple(_source(one, f"metricsKeys[{number}]") for number, one in enumerate(file.metrics_keys)),
        redis_place=_address(redis) if redis else None,
        warnings=(OLD_NAME,) if file.routing.door is not None else (),
    )


def _check_adapters(file: RouterFile) -> None:
    """Refuse an adapter that no client could ask for, since only names in `models` are served."""
    absent = [one for one in file.adapters if file.models and one not in file.models]
    if absent:
        raise RouterConfigError(
            f"adapters: {', '.join(absent)}: not in models, so clients that ask for it get 404; add it there too"
        )


def _objective(file: RouterFile) -> float | None:
    if file.ttft_objective is not None:
        return amounts.seconds(file.ttft_objective)
    if file.routing.limits.late is LateAction.REFUSE:
        raise RouterConfigError(
            "routing.limits.late: Refuse: nothing says when a first token is late; add ttftObjective, for instance 2s"
        )
    return None


def _routing(file: RouterFile) -> RoutingSettings:
    spec = file.routing
    found = replace(
        routing_conversion.base_routing(spec),
        tenants=tuple(routing_conversion.tenant(one, ()) for one in spec.tenants),
        cache=routing_conversion.response_cache(spec.cache),
        connections=routing_conversion.connections(_connections(file)),
        oidc=routing_conversion.token_issuer(spec.oidc) if spec.oidc else None,
    )
    for one in shared_claims(found.tenants) if found.oidc else ():
        where = f"routing.tenants[{one.place}].claims"
        raise RouterConfigError(
            f"{where}: {one.value}: tenant {one.first} has this value too, so a token would name two tenants; give it "
            "to one"
        )
    return found


def _connections(file: RouterFile) -> StandaloneConnections:
    """Return the group under its name, or under the one of the release before."""
    return file.routing.connections if file.routing.door is None else file.routing.door


def _keys(file: RouterFile) -> Iterator[tuple[str, SecretLocation]]:
    for number, tenant in enumerate(file.routing.tenants):
        for place, source in enumerate(tenant.keys):
            yield tenant.name, _source(source, f"routing.tenants[{number}].keys[{place}]")


def _source(source: KeySource, where: str) -> SecretLocation:
    given = [one for one in (source.file, source.env, source.sha256) if one is not None]
    if len(given) != 1:
        raise RouterConfigError(f"{where}: {len(given)} of file, env and sha256 are set: a key lies in one; write one")
    return SecretLocation(file=source.file, env=source.env, sha256=source.sha256)


def _address(redis: StandaloneRedis) -> SecretLocation:
    where = "routing.cache.redis"
    if (redis.url_file is None) == (redis.url_env is None):
        raise RouterConfigError(f"{where}: urlFile, urlEnv: the address lies in one of them; write exactly one")
    return SecretLocation(file=redis.url_file, env=redis.url_env)


def _read(text: str) -> RouterFile:
    document = _parsed(text)
    if (refusal := document_bounds.exceeded(document, (ROOT,))) is not None:
        raise RouterConfigError(_sentence(refusal))
    given = document_bounds.without_nulls(document)
    try:
        file = RouterFile.model_validate_json(json.dumps(given), strict=True, extra="forbid")
    except ValidationError as error:
        raise RouterConfigError(_message(validation_errors.refusals(error, given, RouterFile))) from None
    broken = [
        f"{path_text(path)}.{rule.field}: {because}; {rule.remedy}"
        for path, rule, because in field_rules.broken(file, ())
    ]
    if broken:
        raise RouterConfigError(" | ".join(broken))
    return file


def _parsed(text: str) -> dict[str, Any]:
    """Parse YAML, which includes JSON."""
    try:
        document = yaml_document.read(text)
    except UnreadableDocument as problem:
        raise RouterConfigError(f"neither YAML nor JSON: {problem}; correct the file") from None
    if document is None:
        raise RouterConfigError("it is empty; begin with endpoints: [host:port]")
    if not isinstance(document, dict):
        raise RouterConfigError(f"{type(document).__name__}: must be one object; begin with endpoints: [host:port]")
    return document


def _message(refusals: Iterator[SpecRefusal]) -> str:
    return " | ".join(_sentence(one) for one in refusals)


def _sentence(refusal: SpecRefusal) -> str:
    return refusal.sentence.removeprefix(f"{ROOT}.").replace(f"did you mean {ROOT}.", "did you mean ")
