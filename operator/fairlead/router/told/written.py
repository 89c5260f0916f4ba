"""The file that a person wrote: the groups of `spec.router`, spelt and checked as they are there.

Imported only for such a file, since it brings the models, and pydantic with them.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import yaml
from pydantic import ValidationError

from fairlead.api import bounds, explaining, into_routing, rules
from fairlead.api.problems import written
from fairlead.api.standalone import KeySource, RedisAlone, RouterFile
from fairlead.fleet.gateways import Routing
from fairlead.fleet.refusals import Refusal
from fairlead.router.told.facts import Misconfigured, Place, Settings

ROOT: Final = "spec"
"""Where the house's sentences begin; a file has no such word, so it is taken off."""


def settings(text: str) -> Settings:
    """All of it, or everything that is wrong with it at once."""
    file = _read(text)
    door = file.routing.door
    tls, engine_tls, redis = door.tls, door.engine_tls, file.routing.cache.redis
    return Settings(
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
        routers=file.routers,
        routing=_routing(file),
        tls_cert_file=tls.cert_file if tls else None,
        tls_key_file=tls.key_file if tls else None,
        engine_ca_file=engine_tls.ca_file if engine_tls else None,
        key_places=tuple(_keys(file)),
        metrics_places=tuple(_source(one, f"metricsKeys[{number}]") for number, one in enumerate(file.metrics_keys)),
        redis_place=_address(redis) if redis else None,
    )


def _routing(file: RouterFile) -> Routing:
    spec = file.routing
    return replace(
        into_routing.terms(spec),
        tenants=tuple(into_routing.tenant(one, ()) for one in spec.tenants),
        cache=into_routing.answers(spec.cache),
        door=into_routing.door(spec.door),
    )


def _keys(file: RouterFile) -> Iterator[tuple[str, Place]]:
    for number, tenant in enumerate(file.routing.tenants):
        for place, source in enumerate(tenant.keys):
            yield tenant.name, _source(source, f"routing.tenants[{number}].keys[{place}]")


def _source(source: KeySource, where: str) -> Place:
    given = [one for one in (source.file, source.env, source.sha256) if one is not None]
    if len(given) != 1:
        raise Misconfigured(f"{where}: {len(given)} of file, env and sha256 are set: a key lies in one; write one")
    return Place(file=source.file, env=source.env, sha256=source.sha256)


def _address(redis: RedisAlone) -> Place:
    where = "routing.cache.redis"
    if (redis.url_file is None) == (redis.url_env is None):
        raise Misconfigured(f"{where}: urlFile, urlEnv: the address lies in one of them; write exactly one")
    return Place(file=redis.url_file, env=redis.url_env)


def _read(text: str) -> RouterFile:
    told = _parsed(text)
    if (no := bounds.exceeded(told, (ROOT,))) is not None:
        raise Misconfigured(_sentence(no))
    given = bounds.without_nulls(told)
    try:
        file = RouterFile.model_validate_json(json.dumps(given), strict=True, extra="forbid")
    except ValidationError as error:
        raise Misconfigured(_said(explaining.refusals(error, given, RouterFile))) from None
    broken = [
        f"{written(path)}.{rule.field}: {because}; {rule.remedy}" for path, rule, because in rules.broken(file, ())
    ]
    if broken:
        raise Misconfigured(" | ".join(broken))
    return file


def _parsed(text: str) -> dict[str, Any]:
    """JSON is YAML too."""
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise Misconfigured(f"neither YAML nor JSON: {' '.join(str(problem).split())[:200]}") from None
    if not isinstance(told, dict):
        raise Misconfigured(f"{type(told).__name__}: must be one object; begin with endpoints: [host:port]")
    return told


def _said(refusals: Iterator[Refusal]) -> str:
    return " | ".join(_sentence(one) for one in refusals)


def _sentence(no: Refusal) -> str:
    return no.sentence.removeprefix(f"{ROOT}.").replace(f"did you mean {ROOT}.", "did you mean ")
