"""The configuration of a deployment's own routers, as a file that they reread whenever it changes.

The file is mounted, never hashed into the pods: another limit or time-out must not restart a router and its streams.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from fairlead.api.kinds import DEPLOYMENT
from fairlead.documents import json_document
from fairlead.engines import catalogue
from fairlead.fleet.adapters import WHOLE, AdapterVersions
from fairlead.fleet.desired_state import DesiredRevision, SecretKey
from fairlead.fleet.gateways import DeploymentRouter, RoutingSettings
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.objects import labels, names, router_file, router_secrets
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from fairlead.objects.router_file import DeploymentEntry, FileHead

FILE: Final = "router.json"
FOLDER: Final = "/etc/fairlead"
PEER_KEYS_FOLDER: Final = router_file.camel("peer_keys_folder")
"""The configuration key that names the folder with the keys by which routers authenticate each other."""
PEERS_ENDING: Final = "-peers"
"""The suffix of the Secret that is mounted there."""
DEFAULT_REPLICAS: Final = 2
"""The number of routers if the spec sets none."""

INDENTED: Final = 128 * 2**10
"""Characters of a file without spaces up to which it is indented; that adds three fourths."""
LARGEST: Final = 2**20
"""Bytes that the API server takes in a ConfigMap."""
CROWDED: Final = 0.8
"""People are warned from this part of it on."""

_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaCapacity:
    """What is known of one replica of the target; None where unknown."""

    revision: str = ""
    max_context_tokens: int | None = None
    max_sequences: int | None = None
    kv_tokens: int | None = None
    """The likely estimate; engines' own reports replace it as soon as there are any."""
    first_token_seconds: float | None = None
    """The time-to-first-token objective of the deployment's policy."""
    price_per_hour: float | None = None
    """With all its GPUs; in the currency of the catalogue's prices."""


def manifest(
    owner: Owner,
    revision: DesiredRevision,
    router: DeploymentRouter,
    replica: ReplicaCapacity,
    operator_key: str | None = None,
) -> Manifest:
    """Build the routers' ConfigMap; of the operator's key it holds the SHA-256, which is no secret."""
    return config_map(owner, document(revision, router, replica), operator_key)


def config_map(owner: Owner, configuration: Manifest, operator_key: str | None) -> Manifest:
    """Build the ConfigMap with this configuration."""
    folder = router_secrets.folder(f"{owner.router_name}{PEERS_ENDING}")
    configuration = with_key(configuration | {PEER_KEYS_FOLDER: folder}, operator_key)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": owner.router_metadata(),
        "data": {FILE: _text(configuration)},
    }


def _text(configuration: Manifest) -> str:
    """Format it indented, since people read it when they debug a router's configuration; without spaces once large."""
    dense = json.dumps(configuration, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    if len(dense) > INDENTED:
        return f"{dense}\n"
    return json.dumps(configuration, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def crowding(children: Sequence[Manifest]) -> tuple[str, ...]:
    """Warn if the file of routers is nearly as large as it may be."""
    size = sum(len(one["data"][FILE].encode()) for one in children if is_configuration(one))
    if size < CROWDED * LARGEST:
        return ()
    words = (
        f"the routers' file has {size // 2**10} KiB, and a ConfigMap holds {LARGEST // 2**10} KiB: beyond that no "
        "change reaches the routers; move deployments or adapters to another gateway"
    )
    return (words,)


def document(revision: DesiredRevision, router: DeploymentRouter, replica: ReplicaCapacity) -> Manifest:
    """Build all that a router needs: the model names it serves, its engines, and what it may do with requests.

    Clients request adapters like models, so adapters are among the names.
    """
    head = FileHead(
        rendered_from=f"{DEPLOYMENT.name} {revision.namespace}/{revision.name}",
        namespace=revision.namespace,
        routers=router.pods.replicas or DEFAULT_REPLICAS,
        router_selector=labels.as_text(labels.routers(revision.name)),
        config_map=names.router(revision.name),
    )
    return written(head) | target(revision, replica) | {router_file.ROUTING: routing(router.routing)}


def written(entry: FileHead | DeploymentEntry) -> Manifest:
    """Write a part of the file; keys that are sparse stay out while they have their default."""
    absent = {one.name for one in fields(entry) if one.metadata and getattr(entry, one.name) == one.default}
    return {
        router_file.camel(one.name): plain(getattr(entry, one.name)) for one in fields(entry) if one.name not in absent
    }


def routing(settings: RoutingSettings) -> Manifest:
    """Build how requests are handled; what has a new name is written under its old one too, for older routers."""
    return router_file.with_old_names(plain(settings))


def target(revision: DesiredRevision, replica: ReplicaCapacity) -> Manifest:
    """Build what a router needs of one deployment: where its engines are found, and what they can do."""
    api = catalogue.api(revision.engine.kind)
    adapters = tuple(adapter.name for adapter in revision.engine.adapters)
    entry = DeploymentEntry(
        namespace=revision.namespace,
        selector=labels.as_text(labels.engines(revision.name)),
        engine_port=api.port,
        engine_kind=catalogue.DEFAULT if api is catalogue.api(catalogue.DEFAULT) else revision.engine.kind,
        models=(revision.model.served_name, *adapters),
        adapters=adapters,
        adapter_slots=revision.engine.lora.slots if revision.engine.lora is not None else None,
        prefix_caching=revision.engine.prefix_caching,
        revision=replica.revision,
        max_context_tokens=replica.max_context_tokens or revision.engine.max_context_tokens,
        max_sequences=replica.max_sequences or revision.engine.max_sequences,
        kv_tokens=replica.kv_tokens,
        first_token_seconds=replica.first_token_seconds,
        price_per_hour=None if replica.price_per_hour is None else Decimal(f"{replica.price_per_hour:.4f}"),
    )
    return written(entry)


def with_router_count(manifest: Manifest, routers: int) -> Manifest:
    """Set the number of routers, if an HPA or a person scales them: each gets its part of every rate."""
    configuration = json_document.read(manifest["data"][FILE])
    if configuration["routers"] == routers:
        return manifest
    return manifest | {"data": {FILE: _text(configuration | {"routers": routers})}}


def with_kept_key(manifest: Manifest, live: Manifest | None) -> Manifest:
    """Keep the operator's key of the live ConfigMap, for an operator that has not read its own yet."""
    configuration = json_document.read(manifest["data"][FILE])
    kept = _operator_keys(live) if live is not None and router_file.METRICS_KEYS not in configuration else []
    return manifest | {"data": {FILE: _text(configuration | {router_file.METRICS_KEYS: kept})}} if kept else manifest


def _operator_keys(live: Manifest) -> list[str]:
    """Return the digests in a live ConfigMap; none if it is not as we write it."""
    try:
        found = json_document.read((live.get("data") or {}).get(FILE) or "{}")[router_file.METRICS_KEYS]
    except (ValueError, TypeError, KeyError):
        return []
    return [one for one in found if isinstance(one, str) and _DIGEST.fullmatch(one)] if isinstance(found, list) else []


def is_configuration(child: Manifest) -> bool:
    """Whether a child is the ConfigMap of routers."""
    return bool(child["kind"] == "ConfigMap" and FILE in child["data"])


def with_adapters(manifest: Manifest, named: Sequence[AdapterVersions]) -> Manifest:
    """Add these adapters to the ConfigMap of routers."""
    configuration = json_document.read(manifest["data"][FILE])
    return manifest | {"data": {FILE: _text(target_with_adapters(configuration, named))}}


def target_with_adapters(entry: Manifest, named: Sequence[AdapterVersions]) -> Manifest:
    """Add to a target the adapters that clients may request: each name with the versions that answer to it."""
    models = [*entry["models"], *(one.name for one in named)]
    return entry | {"models": models, "adapterVersions": [plain(one) for one in named]}


def with_share(manifest: Manifest, share: TrafficShare) -> Manifest:
    """Add to the ConfigMap of routers how they divide the traffic between a new revision and the old one."""
    configuration = json_document.read(manifest["data"][FILE])
    return manifest | {"data": {FILE: _text(target_with_share(configuration, share))}}


def target_with_shares(entry: Manifest, named: Sequence[AdapterVersions], *, adds: bool = False) -> Manifest:
    """Renew the shares of versions of the adapters that a target has; `adds`: versions that it lacks, too.

    While engines get no new list, none is added: they may lack it.
    """
    listed, fresh = entry.get("adapterVersions"), {one.name: one for one in named}
    if not isinstance(listed, list):
        return entry
    return entry | {"adapterVersions": [_with_shares(one, fresh, adds=adds) for one in listed]}


def _with_shares(written: Any, fresh: Mapping[str, AdapterVersions], *, adds: bool) -> Any:  # noqa: ANN401 - as read
    """Renew one adapter; it stays if a version with a share is not among those that the target has."""
    if not isinstance(written, dict) or (adapter := fresh.get(str(written.get("name")))) is None:
        return written
    there = [one.get("name") for one in written.get("versions") or () if isinstance(one, dict)]
    versions = tuple(one for one in adapter.versions if adds or one.name in there)
    whole = sum(one.percent for one in versions) == WHOLE
    return plain(replace(adapter, versions=versions)) if whole else written


def renewed(
    live: Manifest,
    owner: Owner,
    share: TrafficShare | None,
    named: Sequence[AdapterVersions],
    operator_key: str | None = None,
) -> Manifest | None:
    """Build the ConfigMap as it is, with these shares and this key; None if it has them, or is not as we write it."""
    try:
        configuration = json_document.read((live.get("data") or {}).get(FILE) or "null")
    except ValueError:
        return None
    if not isinstance(configuration, dict):
        return None
    made = with_key(target_with_shares(configuration, named), operator_key)
    made = made if share is None else target_with_share(made, share)
    return None if made == configuration else rewritten(made, owner)


def with_key(configuration: Manifest, operator_key: str | None) -> Manifest:
    """Return a configuration with the SHA-256 of the operator's key; as it is while the key is not read yet."""
    return configuration if operator_key is None else configuration | {router_file.METRICS_KEYS: [operator_key]}


def rewritten(configuration: Manifest, owner: Owner) -> Manifest:
    """Build the ConfigMap with a configuration that was read from it."""
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": owner.router_metadata()}
    return head | {"data": {FILE: _text(configuration)}}


def target_with_share(entry: Manifest, share: TrafficShare) -> Manifest:
    """Add to a target how its traffic is divided."""
    return entry | {"share": plain(share)}


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of a routing
    """Name each setting as in `fleet.gateways`; a secret becomes the file its value is mounted as."""
    if is_dataclass(value):
        settings = ((one.name, getattr(value, one.name)) for one in fields(value))
        return dict(_setting(name, each) for name, each in settings)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, Decimal) else value.value if isinstance(value, Enum) else value


def _setting(name: str, value: Any) -> tuple[str, Any]:  # noqa: ANN401 - any value of a routing
    key = router_file.SECRETS.get(name, router_file.camel(name))
    match key:
        case router_file.KEY_FILES:
            return key, [router_secrets.path(one) for one in value]
        case router_file.REDIS_URL_FILE | router_file.ENGINE_CA_FILE | router_file.CA_FILE:
            return key, router_secrets.path(value) if isinstance(value, SecretKey) else None
        case router_file.TLS_FOLDER:
            return key, router_secrets.folder(value) if value else None
        case _:
            return key, plain(value)
