"""Connections to clients and engines: CORS, TLS, and limits for slow clients."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, UniqueList
from fairlead.api.model import SecretKeyRef
from fairlead.api.string_formats import Duration, ObjectName, Origin, Quantity


class Cors(ApiModel):
    """Which pages a browser lets send requests to this router."""

    origins: Annotated[tuple[Origin, ...], UniqueList()] = Field(
        min_length=1,
        max_length=64,
        description="Origins of those pages, for instance https://app.example.com; * for all of them.",
    )


class Tls(ApiModel):
    """The certificate that the router presents to clients."""

    secret_name: ObjectName = Field(
        description="Secret of type kubernetes.io/tls, with tls.crt and tls.key. A rotated certificate is "
        "used without a restart."
    )


class EngineTls(ApiModel):
    """TLS on connections to engines."""

    ca_secret: SecretKeyRef = Field(
        description="Secret with the certificate of the authority that signed the engines' certificates, as PEM."
    )


class BaseConnections(ApiModel):
    """How much time and memory a client may take, and which browsers may send requests."""

    cors: Cors | None = Field(default=None, description="Lets browsers send requests. Default: they may not.")
    max_header_size: Quantity = Field(
        default="64Ki", description="Largest head of a request; larger ones get 431. Default 64Ki."
    )
    head_timeout: Duration = Field(
        default="20s", description="Time for a client to send a request's head; a slower client gets 408. Default 20s."
    )
    body_timeout: Duration = Field(
        default="2m", description="Time for a client to send a request's body; a slower client gets 408. Default 2m."
    )
    idle_timeout: Duration = Field(
        default="75s",
        description="How long an idle connection stays open; should exceed the idle time-out of a load balancer "
        "in front. Default 75s.",
    )
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=20_000, description="Most connections one router holds; further ones get 503. Default 20000."
    )
    stream_keep_alive: Duration | None = Field(
        default=None,
        description="Sends status 200 and a comment to a client that has waited this long for its stream, and another "
        "comment each time as much has passed, so that no proxy cuts it; an error is then the stream's last event. "
        "Half the shortest time-out in front of the router, for instance 15s. Default: nothing before the stream "
        "begins.",
    )


class Connections(BaseConnections):
    """Connections from clients and to engines."""

    tls: Tls | None = Field(
        default=None, description="HTTPS instead of HTTP for clients; the Service then has port 443. Default: HTTP."
    )
    engine_tls: EngineTls | None = Field(
        default=None,
        description="HTTPS between routers and engines. Engines are started without TLS: only for a sidecar of yours "
        "that terminates TLS on their port. Default: HTTP.",
    )
