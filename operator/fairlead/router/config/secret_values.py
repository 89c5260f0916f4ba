"""Secrets as routers use them: the hash of each key with its tenant, the address of a shared cache.

A key that cannot be read is reported and skipped: one tenant's missing Secret must not lock out the others.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from fairlead.router.config import ineffective_limits, tenant_folder
from fairlead.router.config.settings import ExternalConfig, RouterConfig, SecretLocation

PEER_KEYS: Final = ("current", "previous")
"""Entries of the Secret with the routers' keys."""
MIN_PEER_KEY_BYTES: Final = 32
_HEADER: Final = re.compile(rb"[!-~]+")
"""A key that fits into a header line."""


def filled_in(settings: RouterConfig, environment: Mapping[str, str] = os.environ) -> RouterConfig:
    """Add every secret that could be read, and a warning for each that could not."""
    keys: dict[bytes, str] = {}
    warnings = list(settings.warnings)
    if settings.tenant_keys:
        warnings += _from_folder(settings, keys)
    for tenant, location in settings.key_places:
        digest = _digest(location, environment)
        if digest is None:
            warnings.append(
                f"tenant {tenant}: {_description(location)}: no key could be read; "
                "clients that send it get 401; create it"
            )
        elif keys.setdefault(digest, tenant) != tenant:
            warnings.append(
                f"tenant {tenant}: {_description(location)}: this key is {keys[digest]}'s already; give it another"
            )
    url = _value(settings.redis_place, environment) if settings.redis_place else None
    if settings.redis_place and not url:
        warnings.append(
            f"cache.redis: {_description(settings.redis_place)}: no address could be read; "
            "each router keeps its own answers"
        )
    peer_keys = tuple(_peer_keys(settings.peer_keys_folder))
    if settings.peer_keys_folder and not peer_keys:
        warnings.append(
            f"peerKeysFolder: {settings.peer_keys_folder}: no key could be read; until the operator wrote it, each "
            "router uses only what it sees itself"
        )
    warnings += _unusable_keys(settings, environment)
    warnings += ineffective_limits.warnings(settings, keys.values())
    externals = tuple(_with_key(one, environment) for one in settings.externals)
    warnings += [
        f"{one.api.name}: {_description(one.key_place)}: no key could be read; the API will refuse requests; create it"
        for one in externals
        if one.key_place is not None and one.key is None
    ]
    return replace(
        settings,
        keys=keys,
        peer_keys=peer_keys,
        externals=externals,
        metrics_keys=frozenset(filter(None, (_digest(location, environment) for location in settings.metrics_places))),
        redis_url=url.decode("utf-8", "replace") if url else None,
        warnings=tuple(warnings),
    )


def _peer_keys(folder: str | None) -> Iterator[bytes]:
    """Read the peer keys, newest first; shorter ones than the operator writes are ignored."""
    for entry in PEER_KEYS if folder else ():
        value = tenant_folder.content(Path(str(folder)) / entry)
        if value is not None and len(value) >= MIN_PEER_KEY_BYTES:
            yield value


def _with_key(one: ExternalConfig, environment: Mapping[str, str]) -> ExternalConfig:
    key = None if one.key_place is None else _value(one.key_place, environment)
    return replace(one, key=key if key and _HEADER.fullmatch(key) else None)


def _from_folder(settings: RouterConfig, keys: dict[bytes, str]) -> Iterator[str]:
    """Add the keys of the mounted folder; warn of entries without a known tenant or a valid key."""
    tenants = {one.name for one in settings.routing.tenants}
    for file in tenant_folder.entries(Path(str(settings.tenant_keys))):
        entry = tenant_folder.KeyEntry.of(file)
        if entry.tenant not in tenants:
            yield f"tenantKeys: {file.name}: there is no tenant {entry.tenant}; name the entry TENANT or TENANT.NUMBER"
        elif (digest := entry.digest()) is None:
            yield f"tenantKeys: {file.name}: no key could be read; write {entry.expected}"
        elif keys.setdefault(digest, entry.tenant) != entry.tenant:
            yield f"tenantKeys: {file.name}: this key is {keys[digest]}'s already; give {entry.tenant} another"


def _unusable_keys(settings: RouterConfig, environment: Mapping[str, str]) -> Iterator[str]:
    for location in settings.metrics_places:
        if _digest(location, environment) is None:
            yield f"metricsKeys: {_description(location)}: no key could be read; create it, or remove it from the file"


def _digest(location: SecretLocation, environment: Mapping[str, str]) -> bytes | None:
    if location.sha256 is not None:
        return bytes.fromhex(location.sha256)
    value = _value(location, environment)
    return sha256(value).digest() if value else None


def _value(location: SecretLocation, environment: Mapping[str, str]) -> bytes | None:
    """Read a secret without the line end that editors and `echo` append."""
    if location.env is not None:
        return environment.get(location.env, "").encode().strip() or None
    return tenant_folder.content(Path(str(location.file)))


def _description(location: SecretLocation) -> str:
    if location.env is not None:
        return f"environment variable {location.env}"
    return f"file {location.file}" if location.file is not None else "sha256"
