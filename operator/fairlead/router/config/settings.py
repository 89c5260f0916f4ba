"""What one router is told, as values; and the one way to say that it makes no sense."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.fleet.gateways import RoutingSettings


class RouterConfigError(ValueError):
    """The file says something that cannot be acted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLocation:
    """Where one secret value lies; exactly one of the three is set, the hash only for keys."""

    file: str | None = None
    env: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterConfig:
    """One reading of the file, and of the secrets it names."""

    namespace: str = ""
    selector: str = ""
    """Labels of the engine pods; empty when the endpoints are listed."""
    endpoints: tuple[str, ...] = ()
    """Host and port of each engine; empty when they are found by the selector."""
    engine_port: int = 8000
    models: tuple[str, ...] = ()
    """Names clients may ask for, the base model first; empty lets any name through."""
    adapters: tuple[str, ...] = ()
    """Those of them that are LoRA adapters."""
    prefix_caching: bool = True
    max_context_tokens: int | None = None
    max_sequences: int | None = None
    """Requests that run at once in one engine."""
    kv_tokens: int | None = None
    """What one engine's KV cache holds, as far as anybody could tell before it ran."""
    revision: str = ""
    """The one that is wanted; which one a pod is of, its label says."""
    routers: int = 1
    """How many share rates and concurrency limits."""
    router_selector: str = ""
    """Labels of the routers' pods, this one among them; empty: nobody could count them."""
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    """Without the places of secrets, which stand below."""
    tls_cert_file: str | None = None
    tls_key_file: str | None = None
    engine_ca_file: str | None = None
    key_places: tuple[tuple[str, SecretLocation], ...] = ()
    """Tenants' names and where one key of each lies."""
    redis_place: SecretLocation | None = None
    metrics_places: tuple[SecretLocation, ...] = ()
    """Where the keys to the pages on the metrics port lie."""
    metrics_keys: frozenset[bytes] = field(default=frozenset(), repr=False)
    """SHA-256 of those that were found."""
    keys: Mapping[bytes, str] = field(default_factory=dict, repr=False)
    """SHA-256 of each key that was found, and whose it is."""
    redis_url: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    """What should be said aloud, once, and hinders nobody else."""

    @property
    def place(self) -> tuple[str, str, tuple[str, ...], int]:
        """Where the engines come from; while it stays the same they are followed without a break."""
        return (self.namespace, self.selector, self.endpoints, self.engine_port)

    @property
    def guarded(self) -> bool:
        """Whether the pages on the metrics port ask for a key, or for a token that the cluster judges."""
        return bool(self.metrics_places or self.selector)

    @property
    def files(self) -> tuple[str, ...]:
        """Every other file whose change means reading anew, certificates apart."""
        places = [place for _, place in self.key_places] + [*self.metrics_places]
        places += [self.redis_place] if self.redis_place else []
        return tuple(sorted({place.file for place in places if place.file is not None}))
