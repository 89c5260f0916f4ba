"""The settings of every router, of a deployment or a gateway; each group has a module of its own."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList
from fairlead.api.connections import Connections
from fairlead.api.container_resources import Resources
from fairlead.api.http_route import HttpRoute
from fairlead.api.lanes import Lanes
from fairlead.api.pod_metadata import PodMetadata
from fairlead.api.pods import RouterPlacement
from fairlead.api.tenants import Band
from fairlead.api.token_issuer import TokenIssuer
from fairlead.api.traffic import (
    AccessLog,
    Balancing,
    Hedging,
    Hold,
    Limits,
    ResponseCache,
    Retries,
    Service,
    Timeouts,
    Tracing,
)


class BaseRouterSpec(ApiModel):
    """The groups that refer to no Secret."""

    bands: Annotated[tuple[Band, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=8, description="Levels of priority. Default: one."
    )
    limits: Limits = Field(default=Limits(), description="Limits of one request, and of those that wait.")
    lanes: Lanes = Field(default=Lanes(), description="Queues beside the interactive one.")
    balancing: Balancing = Field(default=Balancing(), description="How a replica is chosen for a request.")
    timeouts: Timeouts = Field(default=Timeouts(), description="How long the router waits for an engine.")
    hold: Hold = Field(default=Hold(), description="Holding requests while no replica is ready.")
    retries: Retries = Field(default=Retries(), description="Trying another replica before the first byte.")
    hedging: Hedging = Field(default=Hedging(), description="A second replica for a slow first token. Default off.")
    access_log: AccessLog = Field(default=AccessLog(), description="One JSON line per request, on standard output.")
    tracing: Tracing | None = Field(
        default=None,
        description="OpenTelemetry spans. Default: none; a client's trace context is passed on in any case.",
    )


class RouterSpec(BaseRouterSpec):
    """The groups that a deployment's own router and a gateway have in common; their tenants differ."""

    service: Service = Field(default=Service(), description="The Service in front of the routers.")
    http_route: HttpRoute | None = Field(
        default=None,
        description="An HTTPRoute of the Gateway API to that Service, where the cluster has this API. Default: none.",
    )
    placement: RouterPlacement = Field(
        default=RouterPlacement(), description="On which nodes routers run. A change replaces them one by one."
    )
    resources: Resources = Field(
        default=Resources(),
        description="CPU, memory and disk that a router requests and is limited to. Default: requests of 100m and "
        "128Mi, with more memory for cached answers, and no limits. A change replaces routers one by one.",
    )
    pod_metadata: PodMetadata = Field(
        default=PodMetadata(),
        description="Labels and annotations of the router pods. A change replaces them one by one.",
    )
    cache: ResponseCache = Field(default=ResponseCache(), description="Exact response cache. Default off.")
    connections: Connections = Field(
        default=Connections(), description="How clients connect, and how engines are reached."
    )
    door: Connections | None = Field(default=None, description="Deprecated: the same as connections.")
    oidc: TokenIssuer | None = Field(
        default=None,
        description="Tenants may send JSON Web Tokens of this OpenID issuer in place of API keys; keys work beside "
        "them. Default: keys alone.",
    )
