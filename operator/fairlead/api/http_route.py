"""An HTTPRoute of the Gateway API to the routers' Service."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, UniqueList
from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import DurationOrZero, Handle, ObjectName

Hostname = Annotated[
    str,
    StringFormat(
        pattern=r"(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
        longest=253,
        because="this host name is not valid in a route",
        remedy="write small letters, digits, dots and dashes, with * only as the first part; no IP address, no port",
    ),
]


class ParentReference(ApiModel):
    """A Gateway that the route is attached to."""

    name: ObjectName = Field(description="Name of a Gateway of gateway.networking.k8s.io.")
    namespace: Handle | None = Field(
        default=None, description="Its namespace; its listeners must allow routes of this one. Default: this one."
    )
    section_name: ObjectName | None = Field(
        default=None, description="One listener of the Gateway. Default: every one that allows the route."
    )
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        default=None, description="Only listeners on this port. Default: any."
    )


class HttpRoute(ApiModel):
    """An HTTPRoute from Gateways to the routers."""

    parent_refs: Annotated[tuple[ParentReference, ...], Field(min_length=1, max_length=8)] = Field(
        description="Gateways that should route requests here, at most 8; the condition RouteAccepted shows "
        "each one's answer.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    hostnames: Annotated[tuple[Hostname, ...], UniqueList()] = Field(
        default=(),
        max_length=16,
        description="Host names that clients use, for instance chat.example.com or *.example.com. Default: those of "
        "the listeners.",
    )
    request_timeout: DurationOrZero | None = Field(
        default=None,
        description="After how long the Gateway ends a request, streams included. 0s: never. Default: 5 s after "
        "timeouts.total, so that the router's own answer comes first; with lanes.batch later by its maxQueueTime.",
    )
