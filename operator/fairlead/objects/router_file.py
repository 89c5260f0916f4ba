"""The keys of the routers' file: the operator writes these fields in camel case, and a router reads the same ones.

A new key is one field here, which the operator sets and a router finds in its configuration. A router of another
release ignores a key that it lacks, and takes the default for one that is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from fairlead.engines import catalogue
from fairlead.fleet.adapters import AdapterVersions
from fairlead.fleet.traffic_shares import TrafficShare

SPARSE: Final = MappingProxyType({"sparse": True})
"""Of a key that is written only with another value than its default."""

RENDERED_FROM: Final = "renderedFrom"
"""Marks the file as the operator's: a router takes an unknown key for one of a newer operator."""
ROUTING: Final = "routing"
"""Holds `fleet.gateways.RoutingSettings`, its fields in camel case too, but for `SECRETS`."""
TARGETS: Final = "targets"
EXTERNALS: Final = "externals"
ROUTES: Final = "routes"
"""Hold a gateway's `TargetEntry`, `fleet.model_routes.ExternalTarget` and `fleet.model_routes.ModelRoute`."""
METRICS_KEYS: Final = "metricsKeys"
"""Holds the SHA-256 of the key by which routers know the operator."""

KEY_FILE: Final = "keyFile"
"""The file with an external API's key."""
KEY_FILES: Final = "keyFiles"
REDIS_URL_FILE: Final = "redisUrlFile"
ENGINE_CA_FILE: Final = "engineCaFile"
CA_FILE: Final = "caFile"
TLS_FOLDER: Final = "tlsFolder"
SECRETS: Final = MappingProxyType(
    {
        "keys": KEY_FILES,
        "redis_url": REDIS_URL_FILE,
        "engine_ca": ENGINE_CA_FILE,
        "ca": CA_FILE,
        "tls_secret": TLS_FOLDER,
    }
)
"""Fields of `ROUTING` that name a Secret: under these keys the file has where it is mounted."""

OLD_ROUTING_KEYS: Final = MappingProxyType({"connections": "door", "telemetry": "telling"})
"""Keys of `ROUTING` that had another name in the release before: the operator writes both, and a router reads either,
since the two are not upgraded at the same moment."""


@dataclass(frozen=True, kw_only=True)
class FileHead:
    """What the file of a deployment and that of a gateway have in common; no slots, so that a class can add it."""

    rendered_from: str = ""
    """Kind, namespace and name of the object that the operator wrote the file for; empty for a person's."""
    namespace: str = ""
    routers: int = 1
    """Number of routers that share rates and concurrency limits."""
    router_selector: str = ""
    """Labels of the routers' pods, including this one; empty if the routers cannot be counted."""
    config_map: str = ""
    """ConfigMap in `namespace` with this file, followed through the API server; empty: only the file is followed."""
    tenant_keys: str | None = field(default=None, metadata=SPARSE)
    """A folder with tenants' keys; an entry's name identifies its tenant."""
    peer_keys_folder: str | None = field(default=None, metadata=SPARSE)
    """A folder with the keys that authenticate routers' datagrams; without it routers report nothing to each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentEntry:
    """One deployment whose engines a router sends requests to: the top level of its own file."""

    namespace: str = ""
    selector: str = ""
    """Labels of the engine pods; empty if the endpoints are listed."""
    endpoints: tuple[str, ...] = field(default=(), metadata=SPARSE)
    """Host and port of each engine; empty if they are found by the selector. The operator writes none."""
    engine_port: int = catalogue.api(catalogue.DEFAULT).port
    engine_kind: str = field(default=catalogue.DEFAULT, metadata=SPARSE)
    """As in a spec; a kind that this router does not know is treated as the default."""
    models: tuple[str, ...] = ()
    """Names that clients may use, the base model first; empty accepts any name."""
    adapters: tuple[str, ...] = ()
    """Names in `models` that are LoRA adapters."""
    adapter_versions: tuple[AdapterVersions, ...] = field(default=(), metadata=SPARSE)
    """Further names in `models`: adapters that come and go, with the versions that engines have loaded."""
    adapter_slots: int | None = field(default=None, metadata=SPARSE)
    """Adapters that can take part in one step of an engine; None if unknown."""
    prefix_caching: bool = True
    max_context_tokens: int | None = None
    max_sequences: int | None = None
    """Requests that run at once in one engine."""
    kv_tokens: int | None = None
    """Tokens that one engine's KV cache holds, estimated before it ran."""
    first_token_seconds: float | None = None
    """The objective for first tokens; without one, no request is late."""
    revision: str = ""
    """The target revision; a pod's revision is in its label."""
    price_per_hour: Decimal | None = None
    """Price of one replica with all its GPUs."""
    share: TrafficShare | None = field(default=None, metadata=SPARSE)
    """A new revision's share of the traffic, while one is on trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEntry(DeploymentEntry):
    """One deployment in a gateway's file."""

    target: str = ""
    """`namespace/name`; empty for a plain router's only target."""
    leaving: bool = field(default=False, metadata=SPARSE)
    """It moves to its own routers: clients that keep a connection here would never reach those."""


def camel(name: str) -> str:
    """Return a field's name as spelt in the file."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def with_old_names(routing: Mapping[str, Any]) -> dict[str, Any]:
    """Add each setting that has a new name under its old one too."""
    return dict(routing) | {before: routing[name] for name, before in OLD_ROUTING_KEYS.items()}


def by_new_names(routing: Mapping[str, Any]) -> dict[str, Any]:
    """Name each setting as this release does; an older operator knows only the old names, and a new one wins."""
    return {name: routing[before] for name, before in OLD_ROUTING_KEYS.items() if before in routing} | dict(routing)
