"""A request to an API server, parsed from its URL alone, whoever sends it."""

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

WRITES: Final[Mapping[str, str]] = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
OF_A_NAMESPACE: Final = ("status", "finalize")
"""Parts of a Namespace itself; anything else after its name is a collection inside it."""


class ApiCall(NamedTuple):
    """A request in the words of RBAC."""

    verb: str
    resource: str
    """`pods`, `deployments.apps`; for what is no resource, the path."""
    subresource: str
    namespace: str
    name: str

    @property
    def writes(self) -> bool:
        """Whether it may change something; renewals of the Lease do not count."""
        return self.verb not in ("get", "list", "watch") and self.resource != "leases.coordination.k8s.io"

    @property
    def key(self) -> tuple[str, str, str]:
        """The key by which writes are counted."""
        return self.verb, self.resource, f"{self.namespace}/{self.name}"


def understood(method: str, path: str, query: Mapping[str, str], body: bytes) -> ApiCall:
    """Parse a request."""
    words = path.strip("/").split("/")
    group, rest = ("", words[2:]) if words[0] == "api" else (words[1] if len(words) > 1 else "", words[3:])
    if words[0] not in ("api", "apis") or not rest:
        return ApiCall(WRITES.get(method, "get"), path, "", "", "")
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in OF_A_NAMESPACE:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "")[:3]
    if method == "GET":
        verb = "get" if name else "watch" if query.get("watch") in ("1", "true") else "list"
    else:
        verb = WRITES.get(method, method.lower())
    if verb == "delete" and not name:
        verb = "deletecollection"
    return ApiCall(verb, f"{plural}.{group}" if group else plural, subresource, namespace, name or _named(body))


def _named(body: bytes) -> str:
    """The name of a new object, which is in its body."""
    try:
        metadata = json.loads(body)["metadata"]
        return str(metadata.get("name") or metadata.get("generateName") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
