"""The configuration file of a standalone router: a deployment's groups, with secrets in files and variables."""

from typing import Annotated, Final

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList, UniqueList
from fairlead.api.connections import BaseConnections
from fairlead.api.router_spec import BaseRouterSpec
from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import Duration, EnvName, ModelName, Money
from fairlead.api.tenants import BaseTenant
from fairlead.api.token_issuer import BaseTokenIssuer
from fairlead.api.traffic import BaseResponseCache, TokenLimit

LONGEST_PATH: Final = 4096
FilePath = Annotated[str, Field(min_length=1, max_length=LONGEST_PATH)]
Address = Annotated[
    str,
    StringFormat(
        pattern=r"\[[0-9a-fA-F:.]+\]:[0-9]{1,5}|[A-Za-z0-9][-A-Za-z0-9.]*:[0-9]{1,5}",
        longest=300,
        because="this is not the address of an engine",
        remedy="write host:port without a scheme, like 127.0.0.1:8000",
    ),
]
Digest = Annotated[
    str,
    StringFormat(
        pattern="[0-9a-f]{64}",
        longest=64,
        because="this is not a SHA-256 hash",
        remedy="write 64 small hex digits, as `printf %s KEY | sha256sum` prints them",
    ),
]


class KeySource(ApiModel):
    """The location of one API key; the key itself is never in the file."""

    file: FilePath | None = Field(default=None, description="File that holds the key.")
    env: EnvName | None = Field(default=None, description="Environment variable that holds the key.")
    sha256: Digest | None = Field(default=None, description="SHA-256 of the key, in hex.")


class StandaloneTenant(BaseTenant):
    """One group of clients."""

    keys: Annotated[tuple[KeySource, ...], Field(max_length=16)] = Field(
        default=(),
        description="Where the API keys are that the tenant sends as bearer token; several while one is being "
        "replaced. Required without oidc.",
    )


class StandaloneRedis(ApiModel):
    """A Redis or Valkey that routers share."""

    url_file: FilePath | None = Field(
        default=None, description="File with the address, redis:// or rediss://, password included."
    )
    url_env: EnvName | None = Field(default=None, description="Environment variable with the address.")


class StandaloneResponseCache(BaseResponseCache):
    """Stored answers for identical deterministic requests."""

    redis: StandaloneRedis | None = Field(
        default=None, description="Shares answers and tenants' budgets between routers. Default: each its own."
    )


class StandaloneTls(ApiModel):
    """The certificate that the router presents to clients."""

    cert_file: FilePath = Field(description="Certificate and its chain, as PEM; read again when it changes.")
    key_file: FilePath = Field(description="Its private key, as PEM.")


class StandaloneEngineTls(ApiModel):
    """TLS on connections to engines."""

    ca_file: FilePath = Field(description="Certificate of the authority that signed the engines' certificates, as PEM.")


class StandaloneConnections(BaseConnections):
    """Connections from clients and to engines."""

    tls: StandaloneTls | None = Field(default=None, description="HTTPS instead of HTTP for clients. Default: HTTP.")
    engine_tls: StandaloneEngineTls | None = Field(default=None, description="HTTPS to engines. Default: HTTP.")


class StandaloneTokenIssuer(BaseTokenIssuer):
    """The token issuer, with its CA certificate in a file."""

    ca_file: FilePath | None = Field(
        default=None,
        description="Certificate of the authority that signed the issuer's certificate, as PEM. Default: the system's "
        "authorities.",
    )


class StandaloneRouterSpec(BaseRouterSpec):
    """How a standalone router handles requests."""

    tenants: Annotated[tuple[StandaloneTenant, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=128, description="Who may send requests. Without tenants everyone may, without a key."
    )
    cache: StandaloneResponseCache = Field(
        default=StandaloneResponseCache(), description="Exact response cache. Default off."
    )
    connections: StandaloneConnections = Field(
        default=StandaloneConnections(), description="How clients connect, and how engines are reached."
    )
    door: StandaloneConnections | None = Field(default=None, description="Deprecated: the same as connections.")
    oidc: StandaloneTokenIssuer | None = Field(
        default=None,
        description="Tenants may send JSON Web Tokens of this OpenID issuer in place of API keys; keys work beside "
        "them. Default: keys alone.",
    )


class RouterFile(ApiModel):
    """The whole file: the engines, what they serve, and how requests are handled."""

    endpoints: Annotated[tuple[Address, ...], UniqueList()] = Field(
        default=(), max_length=1024, description="Engines, as host:port. Either these, or a selector."
    )
    namespace: Annotated[str, Field(max_length=63)] = Field(
        default="", description="Namespace of the pods that the selector finds."
    )
    selector: Annotated[str, Field(max_length=1024)] = Field(
        default="", description="Labels of engine pods, for a router inside a cluster: app=vllm,tier=chat."
    )
    engine_port: Annotated[int, Field(ge=1, le=65_535)] = Field(
        default=8000,
        description="Port of the engine pods that the selector finds; those of an InferenceDeployment show their own. "
        "Default 8000.",
    )
    models: Annotated[tuple[ModelName, ...], UniqueList()] = Field(
        default=(),
        max_length=256,
        description="Names that clients may ask for, the base model first. Default: any; engines then decide.",
    )
    adapters: Annotated[tuple[ModelName, ...], UniqueList()] = Field(
        default=(), max_length=256, description="Those of the models that are LoRA adapters; each is in models too."
    )
    prefix_caching: bool = Field(default=True, description="Whether engines keep prefixes. Default true.")
    max_context_tokens: TokenLimit | None = Field(
        default=None, description="Longest request of the model; longer ones are refused here. Default: engines decide."
    )
    max_sequences: TokenLimit | None = Field(
        default=None, description="Requests that run at once in one engine; more wait here. Default: as engines show."
    )
    kv_tokens: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Tokens that the KV cache of one engine holds. Default: as engines say."
    )
    ttft_objective: Duration | None = Field(
        default=None,
        description="Time to first token that requests are to stay below, queue included, for instance 2s. When "
        "engines cannot serve all requests, those that can still be in time go first. Default: in order of arrival.",
    )
    price_per_hour: Money | None = Field(
        default=None,
        description="What one engine costs an hour, with all its GPUs; each request is charged its "
        "share, which tenants' budgets pay. Default: requests cost nothing, and budgets refuse none.",
    )
    routers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="Routers with this file; rates and concurrency are divided among them. Default 1."
    )
    metrics_keys: Annotated[tuple[KeySource, ...], Field(max_length=16)] = Field(
        default=(),
        description="Where the keys are that open /metrics and /fairlead/v1/endpoints on the metrics port, sent as "
        "bearer token. Default: none; without a selector those pages are then open, and served on 127.0.0.1 alone.",
    )
    routing: StandaloneRouterSpec = Field(
        default=StandaloneRouterSpec(), description="How requests are handled, as in spec.router."
    )
