"""How a request to the API server is written in HTTP: method, path, query, headers and body. Sends nothing."""

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.connection import HttpRequest
from fairlead.cluster.kinds import Manifest

_METHODS: Final[Mapping[str, str]] = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}
_METADATA: Final = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"}
"""Requests a list of metadata; a server without such lists sends whole objects."""
_APPLY: Final = "application/apply-patch+yaml"


class ObjectName(NamedTuple):
    """Selects the one object of this name, so that the right to read that object alone suffices to watch it."""

    name: str


Selector = str | ObjectName
"""Labels as `kubectl -l` takes them, or a name; empty: every object."""


def selection(selector: Selector) -> dict[str, str]:
    """Return the query of a list or watch that selects objects."""
    if isinstance(selector, ObjectName):
        return {"fieldSelector": f"metadata.name={selector.name}"}
    return {"labelSelector": selector} if selector else {}


def of_object(verb: str, manifest: Manifest, subresource: str | None = None) -> ApiRequest:
    """Return the request that does something with this object."""
    metadata = manifest["metadata"]
    return ApiRequest(
        verb=verb,
        resource=kinds.of(manifest),
        namespace=metadata.get("namespace"),
        name=metadata.get("name"),
        subresource=subresource,
    )


def of(request: ApiRequest, query: Mapping[str, str], body: Manifest | None) -> HttpRequest:
    """Return the request in HTTP."""
    name = None if request.verb == "create" else request.name
    return HttpRequest(
        method=_METHODS[request.verb],
        path=request.resource.path(request.namespace, name, request.subresource),
        query=query,
        body=None if body is None else json.dumps(body, separators=(",", ":")).encode(),
        content_type=_APPLY if request.verb == "patch" else "application/json",
        headers=_METADATA if request.metadata_only else {},
    )
