"""A router's configuration as values, and the error for an invalid one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from fairlead.engines import catalogue
from fairlead.engines.http_api import HttpApi
from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.model_routes import ExternalTarget, ModelRoute
from fairlead.objects.router_file import DeploymentEntry, FileHead, TargetEntry


class RouterConfigError(ValueError):
    """The file has a value that cannot be applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLocation:
    """Location of one secret value; exactly one of the three is set, the hash only for keys."""

    file: str | None = None
    env: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConfig(TargetEntry):
    """One deployment whose engines a router sends requests to."""

    @property
    def engine_api(self) -> HttpApi:
        """Return the HTTP interface of its engines."""
        return catalogue.api(self.engine_kind)

    @property
    def place(self) -> tuple[str, str, tuple[str, ...], int]:
        """The source of the engines; while it stays the same, discovery continues without interruption."""
        return (self.namespace, self.selector, self.endpoints, self.engine_port)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalConfig:
    """One external API and its key."""

    api: ExternalTarget
    key_place: SecretLocation | None = None
    key: bytes | None = field(default=None, repr=False)
    """None if it has no key, or it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterConfig(DeploymentEntry, FileHead):
    """The settings from one read of the file and of the secrets it names."""

    is_gateway: bool = False
    """Serves `targets` by `routes`, whose names are in `models`; else one deployment, described here."""
    targets: tuple[TargetConfig, ...] = ()
    externals: tuple[ExternalConfig, ...] = ()
    routes: tuple[ModelRoute, ...] = ()
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    """Routing settings without the locations of secrets, which are in the fields below."""
    tls_cert_file: str | None = None
    tls_key_file: str | None = None
    engine_ca_file: str | None = None
    issuer_ca_file: str | None = None
    key_places: tuple[tuple[str, SecretLocation], ...] = ()
    """Tenants' names, each with the location of one key."""
    redis_place: SecretLocation | None = None
    metrics_places: tuple[SecretLocation, ...] = ()
    """Locations of the keys to the pages on the metrics port."""
    metrics_keys: frozenset[bytes] = field(default=frozenset(), repr=False)
    """SHA-256 of the keys that were found."""
    peer_keys: tuple[bytes, ...] = field(default=(), repr=False)
    """The keys that were found, the newest first."""
    keys: Mapping[bytes, str] = field(default_factory=dict, repr=False)
    """Tenant by SHA-256 of each key that was found."""
    redis_url: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    """Problems to log once; none of them affects other tenants."""

    @property
    def served(self) -> tuple[TargetConfig, ...]:
        """Every deployment that it sends requests to; for a plain router its only one."""
        return self.targets if self.is_gateway else (self._own,)

    @property
    def _own(self) -> TargetConfig:
        return TargetConfig(**{one.name: getattr(self, one.name) for one in fields(DeploymentEntry)})

    @property
    def cache_scope(self) -> str:
        """Whose routers share responses in Redis: of one deployment or gateway, or of one person's engines."""
        if self.rendered_from or self.selector:
            return self.rendered_from or f"{self.namespace}/{self.selector}"
        return f"endpoints {', '.join(sorted(self.endpoints))}"

    @property
    def guarded(self) -> bool:
        """Whether the pages on the metrics port need a key, or a token that the API server reviews."""
        return bool(self.metrics_places) or self.in_cluster

    @property
    def in_cluster(self) -> bool:
        """Whether engines are pods, a deployment's or a gateway's targets': then an API server reviews tokens."""
        return any(one.selector for one in self.served)

    @property
    def files(self) -> tuple[str, ...]:
        """Other files and folders whose change needs a reload; certificates are followed elsewhere."""
        places = [location for _, location in self.key_places] + [*self.metrics_places]
        places += [self.redis_place] if self.redis_place else []
        places += [one.key_place for one in self.externals if one.key_place]
        folders = {one for one in (self.tenant_keys, self.peer_keys_folder) if one}
        return tuple(sorted({location.file for location in places if location.file is not None} | folders))
