"""A router's configuration as values, and the error for one that is invalid."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.engines import catalogue
from fairlead.engines.http_api import HttpApi
from fairlead.fleet.gateways import RoutingSettings


class RouterConfigError(ValueError):
    """The file says something that cannot be applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLocation:
    """Location of one secret value; exactly one of the three is set, the hash only for keys."""

    file: str | None = None
    env: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterConfig:
    """The settings of one reading of the file, and of the secrets it names."""

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
    prefix_caching: bool = True
    max_context_tokens: int | None = None
    max_sequences: int | None = None
    """Requests that run at once in one engine."""
    kv_tokens: int | None = None
    """Tokens that one engine's KV cache holds, as estimated before it ran."""
    revision: str = ""
    """The target revision; the revision of a pod is in its label."""
    routers: int = 1
    """Number of routers that share rates and concurrency limits."""
    router_selector: str = ""
    """Labels of the routers' pods, this one among them; empty where the routers cannot be counted."""
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    """Routing settings without the locations of secrets, which are in the fields below."""
    tls_cert_file: str | None = None
    tls_key_file: str | None = None
    engine_ca_file: str | None = None
    key_places: tuple[tuple[str, SecretLocation], ...] = ()
    """Tenants' names and the location of one key of each."""
    redis_place: SecretLocation | None = None
    metrics_places: tuple[SecretLocation, ...] = ()
    """Locations of the keys to the pages on the metrics port."""
    metrics_keys: frozenset[bytes] = field(default=frozenset(), repr=False)
    """SHA-256 of those that were found."""
    keys: Mapping[bytes, str] = field(default_factory=dict, repr=False)
    """Tenant by SHA-256 of each key that was found."""
    redis_url: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    """Problems to log once; none of them affects other tenants."""

    @property
    def engine_api(self) -> HttpApi:
        """How to speak to its engines."""
        return catalogue.api(self.engine_kind)

    @property
    def place(self) -> tuple[str, str, tuple[str, ...], int]:
        """The source of the engines; while it stays the same, discovery continues without a break."""
        return (self.namespace, self.selector, self.endpoints, self.engine_port)

    @property
    def guarded(self) -> bool:
        """Whether the pages on the metrics port need a key, or a token that the API server reviews."""
        return bool(self.metrics_places or self.selector)

    @property
    def files(self) -> tuple[str, ...]:
        """Every other file whose change needs a reload, except certificates."""
        places = [place for _, place in self.key_places] + [*self.metrics_places]
        places += [self.redis_place] if self.redis_place else []
        return tuple(sorted({place.file for place in places if place.file is not None}))
