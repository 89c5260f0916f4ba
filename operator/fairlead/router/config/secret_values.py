"""Secrets as routers use them: the hash of each key with its tenant, the address of a shared cache.

A key that cannot be read is reported and skipped: one tenant's missing Secret must not lock out the others.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from fairlead.router.config.settings import RouterConfig, SecretLocation

LONGEST: Final = 4096
"""Limit of a secret's bytes: no key is longer, and a wrong path may lead to a large file."""


def filled_in(settings: RouterConfig, environment: Mapping[str, str] = os.environ) -> RouterConfig:
    """The settings with every secret that could be read, and a warning for each that could not."""
    keys: dict[bytes, str] = {}
    warnings: list[str] = []
    for tenant, place in settings.key_places:
        digest = _digest(place, environment)
        if digest is None:
            warnings.append(
                f"tenant {tenant}: {_description(place)}: no key could be read; clients that send it get 401; create it"
            )
        elif keys.setdefault(digest, tenant) != tenant:
            warnings.append(
                f"tenant {tenant}: {_description(place)}: this key is {keys[digest]}'s already; give it another"
            )
    url = _value(settings.redis_place, environment) if settings.redis_place else None
    if settings.redis_place and not url:
        warnings.append(
            f"cache.redis: {_description(settings.redis_place)}: no address could be read; "
            "each router keeps its own answers"
        )
    warnings += _unusable_keys(settings, environment)
    warnings += _unused_limits(settings, keys)
    return replace(
        settings,
        keys=keys,
        metrics_keys=frozenset(filter(None, (_digest(place, environment) for place in settings.metrics_places))),
        redis_url=url.decode("utf-8", "replace") if url else None,
        warnings=tuple(warnings),
    )


def _unusable_keys(settings: RouterConfig, environment: Mapping[str, str]) -> Iterator[str]:
    for place in settings.metrics_places:
        if _digest(place, environment) is None:
            yield f"metricsKeys: {_description(place)}: no key could be read; create it, or remove it from the file"


def _unused_limits(settings: RouterConfig, keys: Mapping[bytes, str]) -> Iterator[str]:
    """Warn of models that are not served: a limit for them has no effect, although the file suggests protection."""
    if settings.key_places and not keys:
        yield "no key of any tenant could be read: every request gets 401; create the keys"
    models = set(settings.models)
    for tenant in settings.routing.tenants:
        if models and (strange := sorted(tenant.models - models)):
            served = ", ".join(sorted(models))
            yield f"tenant {tenant.name}: models: {', '.join(strange)}: not served here; served: {served}"


def _digest(place: SecretLocation, environment: Mapping[str, str]) -> bytes | None:
    if place.sha256 is not None:
        return bytes.fromhex(place.sha256)
    value = _value(place, environment)
    return sha256(value).digest() if value else None


def _value(place: SecretLocation, environment: Mapping[str, str]) -> bytes | None:
    """The secret without the line end that editors and `echo` append."""
    if place.env is not None:
        return environment.get(place.env, "").encode().strip() or None
    try:
        with Path(str(place.file)).open("rb") as file:
            found = file.read(LONGEST + 1)
    except OSError:
        return None
    return found.strip() if len(found) <= LONGEST else None


def _description(place: SecretLocation) -> str:
    if place.env is not None:
        return f"environment variable {place.env}"
    return f"file {place.file}" if place.file is not None else "sha256"
