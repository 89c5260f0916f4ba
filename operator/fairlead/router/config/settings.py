"""A router's configuration as values, and the error for one that is invalid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from fairlead.engines import catalogue
from fairlead.engines.http_api import HttpApi
from fairlead.fleet.adapters import AdapterVersions
from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.model_routes import ExternalTarget, ModelRoute
from fairlead.fleet.traffic_shares import TrafficShare


class RouterConfigError(ValueError):
    """The file says something that cannot be applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLocation:
    """Location of one secret value; exactly one of the three is set, the hash only for keys."""

    file: str | None = None
    env: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConfig:
    """One deployment whose engines a router sends requests to."""

    target: str = ""
    """`namespace/name`; empty for the only one of a plain router."""
    namespace: str = ""
    selector: str = ""
    """Labels of the engine pods; empty when the endpoints are listed."""
    endpoints: tuple[str, ...] = ()
    """Host and port of each engine; empty when they are found by the selector."""
    engine_port: int = catalogue.api(catalogue.DEFAULT).port
    engine_kind: str = catalogue.DEFAULT
    """As a spec spells it; one that this router does not know is spoken to as the default."""
    models: tuple[str, ...] = ()
    """Names that its engines know, the base model first; empty lets any name through."""
    adapters: tuple[str, ...] = ()
    """Names in `models` that are LoRA adapters."""
    adapter_versions: tuple[AdapterVersions, ...] = ()
    """Further names in `models`: adapters that come and go, each with the versions that engines have loaded."""
    adapter_slots: int | None = None
    """Adapters that can take part in one step of an engine; None: not known."""
    prefix_caching: bool = True
    revision: str = ""
    """The target revision; the revision of a pod is in its label."""
    max_context_tokens: int | None = None
    max_sequences: int | None = None
    """Requests that run at once in one engine."""
    kv_tokens: int | None = None
    """Tokens that one engine's KV cache holds, as estimated before it ran."""
    first_token_seconds: float | None = None
    """The objective for first tokens; without one, no request is late."""
    price_per_hour: Decimal | None = None
    """Of one replica, all its GPUs."""
    share: TrafficShare | None = None
    """What a new revision gets of the traffic, while there is one that is tried."""
    leaving: bool = False
    """It moves to routers of its own: clients that keep a connection here would never come to those."""

    @property
    def engine_api(self) -> HttpApi:
        """How to speak to its engines."""
        return catalogue.api(self.engine_kind)

    @property
    def place(self) -> tuple[str, str, tuple[str, ...], int]:
        """The source of the engines; while it stays the same, discovery continues without a break."""
        return (self.namespace, self.selector, self.endpoints, self.engine_port)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalConfig:
    """One API outside of the cluster, and its key."""

    api: ExternalTarget
    key_place: SecretLocation | None = None
    key: bytes | None = field(default=None, repr=False)
    """Nothing where it has none, or none could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterConfig:
    """The settings of one reading of the file, and of the secrets it names."""

    rendered_from: str = ""
    """Kind, namespace and name of the object that the operator wrote the file for; empty for a person's."""
    namespace: str = ""
    selector: str = ""
    """Labels of the engine pods; empty when the endpoints are listed."""
    endpoints: tuple[str, ...] = ()
    """Host and port of each engine; empty when they are found by the selector."""
    engine_port: int = catalogue.api(catalogue.DEFAULT).port
    engine_kind: str = catalogue.DEFAULT
    """As a spec spells it; one that this router does not know is spoken to as the default."""
    models: tuple[str, ...] = ()
    """Names clients may use, the base model first; empty lets any name through."""
    adapters: tuple[str, ...] = ()
    """Names in `models` that are LoRA adapters."""
    adapter_versions: tuple[AdapterVersions, ...] = ()
    """Further names in `models`: adapters that come and go, each with the versions that engines have loaded."""
    adapter_slots: int | None = None
    """Adapters that can take part in one step of an engine; None: not known."""
    prefix_caching: bool = True
    max_context_tokens: int | None = None
    max_sequences: int | None = None
    """Requests that run at once in one engine."""
    kv_tokens: int | None = None
    """Tokens that one engine's KV cache holds, as estimated before it ran."""
    first_token_seconds: float | None = None
    """The objective for first tokens; without one, no request is late."""
    revision: str = ""
    """The target revision; the revision of a pod is in its label."""
    price_per_hour: Decimal | None = None
    """Of one replica, all its GPUs."""
    share: TrafficShare | None = None
    """What a new revision gets of the traffic, while there is one that is tried."""
    routers: int = 1
    """Number of routers that share rates and concurrency limits."""
    router_selector: str = ""
    """Labels of the routers' pods, this one among them; empty where the routers cannot be counted."""
    is_gateway: bool = False
    """It serves `targets` by `routes`, and `models` are the routes' names; otherwise one deployment, described here."""
    targets: tuple[TargetConfig, ...] = ()
    externals: tuple[ExternalConfig, ...] = ()
    routes: tuple[ModelRoute, ...] = ()
    config_map: str = ""
    """In `namespace`; holds this file, and is followed through the API server; empty: only the file is."""
    tenant_keys: str | None = None
    """A folder with tenants' keys: the name of an entry says whose it is."""
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    """Routing settings without the locations of secrets, which are in the fields below."""
    tls_cert_file: str | None = None
    tls_key_file: str | None = None
    engine_ca_file: str | None = None
    issuer_ca_file: str | None = None
    key_places: tuple[tuple[str, SecretLocation], ...] = ()
    """Tenants' names and the location of one key of each."""
    redis_place: SecretLocation | None = None
    metrics_places: tuple[SecretLocation, ...] = ()
    """Locations of the keys to the pages on the metrics port."""
    metrics_keys: frozenset[bytes] = field(default=frozenset(), repr=False)
    """SHA-256 of those that were found."""
    peer_keys_folder: str | None = None
    """A folder with the keys by which routers know each other's datagrams; none: they report nothing to each other."""
    peer_keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Those that were found, the newest first."""
    keys: Mapping[bytes, str] = field(default_factory=dict, repr=False)
    """Tenant by SHA-256 of each key that was found."""
    redis_url: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    """Problems to log once; none of them affects other tenants."""

    @property
    def served(self) -> tuple[TargetConfig, ...]:
        """Every deployment that it sends requests to; of a plain router its only one."""
        return self.targets if self.is_gateway else (self._own,)

    @property
    def _own(self) -> TargetConfig:
        return TargetConfig(
            namespace=self.namespace,
            selector=self.selector,
            endpoints=self.endpoints,
            engine_port=self.engine_port,
            engine_kind=self.engine_kind,
            models=self.models,
            adapters=self.adapters,
            adapter_versions=self.adapter_versions,
            adapter_slots=self.adapter_slots,
            prefix_caching=self.prefix_caching,
            revision=self.revision,
            max_context_tokens=self.max_context_tokens,
            max_sequences=self.max_sequences,
            kv_tokens=self.kv_tokens,
            first_token_seconds=self.first_token_seconds,
            price_per_hour=self.price_per_hour,
            share=self.share,
        )

    @property
    def guarded(self) -> bool:
        """Whether the pages on the metrics port need a key, or a token that the API server reviews."""
        return bool(self.metrics_places) or self.in_cluster

    @property
    def in_cluster(self) -> bool:
        """Whether engines are pods, of a deployment or of those behind a gateway: then an API server reviews tokens."""
        return any(one.selector for one in self.served)

    @property
    def files(self) -> tuple[str, ...]:
        """Every other file, and folder of files, whose change needs a reload; certificates are followed elsewhere."""
        places = [place for _, place in self.key_places] + [*self.metrics_places]
        places += [self.redis_place] if self.redis_place else []
        places += [one.key_place for one in self.externals if one.key_place]
        folders = {one for one in (self.tenant_keys, self.peer_keys_folder) if one}
        return tuple(sorted({place.file for place in places if place.file is not None} | folders))
