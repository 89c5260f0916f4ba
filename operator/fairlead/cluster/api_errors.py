"""The errors of requests to the API server, by who can resolve them.

    ApiError                the server's message, and the request it was for
    |-- Conflict            409: the object changed, exists already, or another manager owns a field
    |-- NotFound            404: no such object, kind or namespace
    |-- RequestRefused      400, 403, 422 and every other 4xx: only a person can resolve it; the message is kept. Also
    |                       the 500 of a write that an admission webhook of another program had to allow, and could not
    |-- Gone                410, or a watch that cannot go on from its version: list anew
    |-- Throttled           429: wait `retry_after` seconds
    `-- Unreachable         no usable answer: connection, time-out, cut body, 401, 5xx; it may have been carried out

Knows statuses. Never retries: the work queue does, after `retry_after`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fairlead.cluster import nested_json
from fairlead.cluster.kinds import Resource

STATUS_TYPE: Final = "application/json"
"""Of an answer of the API server itself."""
RETRY_AFTER_S: Final = 1.0
"""For a 429 that does not say how long."""
_READS: Final = frozenset({"get", "list", "watch"})
_CHANGES: Final = frozenset({"create", "patch", "update"})
_FAILED: Final = 500
_WEBHOOK: Final = "failed calling webhook"
"""The API server's words for a webhook with failurePolicy Fail that is down or does not answer in time."""
_BY_RBAC: Final = re.compile(
    r'(\S+ ("[^"]*" )?is )?forbidden: (User ".*" cannot \S+ (resource|path) "'
    r'|user ".*" \(groups=.*\) is attempting to grant RBAC permissions not currently held'
    r"|cannot set (blockOwnerDeletion|an ownerRef) )"
)
"""The authorizer's own words, and those in which the server demands a right on something else: all that a granted role
has, an owner's finalizers, or the deletion of what gets an owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """What a request is for, in the terms of RBAC."""

    verb: str
    resource: Resource
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None
    metadata_only: bool = False
    """Of a list: without spec, status and data, which may be large."""

    def __str__(self) -> str:
        title = f"{self.resource.title}/{self.subresource}" if self.subresource else self.resource.title
        place = "/".join(word for word in (self.namespace, self.name) if word)
        return f"{self.verb} {title}{' ' + place if place else ''}"


class ApiError(Exception):
    """A request that failed."""

    def __init__(
        self, request: ApiRequest, status: int, body: Mapping[str, Any], retry_after: float | None = None
    ) -> None:
        self.request = request
        self.status = status
        """0 if there was no answer."""
        self.reason = str(body.get("reason") or "")
        self.message = str(body.get("message") or "")
        self.retry_after = retry_after
        details = body.get("details")
        causes = details.get("causes") if isinstance(details, Mapping) else None
        self.causes: tuple[Mapping[str, Any], ...] = tuple(causes or ())
        super().__init__(f"{request}: {status or 'no answer'}: {self.message or self.reason}")

    @property
    def verb(self) -> str:
        """The verb of the request, as RBAC names it."""
        return self.request.verb

    @property
    def resource(self) -> Resource:
        """The kind of the request's object."""
        return self.request.resource

    @property
    def name(self) -> str | None:
        """The name of the request's object, if it has one."""
        return self.request.name


class Conflict(ApiError):
    """Another client wrote first, or owns a field; read again and decide anew."""


class NotFound(ApiError):
    """There is no such object, kind or namespace."""


class RequestRefused(ApiError):
    """The server understood and refused the request; it will refuse the same one again until a person acts."""

    @property
    def lacks_right(self) -> bool:
        """Whether a right is missing: the message is one of RBAC.

        Policies, quotas and PodSecurity refuse writes with a 403 too. They see no read, so there it is always a right.
        """
        reads = self.verb in _READS and self.request.subresource is None
        by_rbac = reads or _BY_RBAC.match(self.message) is not None
        return self.status == 403 and by_rbac and not self.namespace_ends

    @property
    def namespace_ends(self) -> bool:
        """Whether it was refused because its namespace is being deleted, so that nothing more is to be done there."""
        return any(cause.get("reason") == "NamespaceTerminating" for cause in self.causes)


class Gone(ApiError):
    """The server no longer has the resourceVersion to watch from; list anew."""


class Throttled(ApiError):
    """429: the server refuses requests until `retry_after` seconds have passed."""


class Unreachable(ApiError):
    """No usable answer; the request may still have been carried out."""

    @property
    def timed_out(self) -> bool:
        """Whether the server was connected and gave no answer in time."""
        return self.status == 0 and self.reason == TimeoutError.__name__


_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: Unreachable,
    404: NotFound,
    408: Unreachable,
    409: Conflict,
    410: Gone,
    429: Throttled,
}


def of_answer(request: ApiRequest, status: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """Return the error for an answer's status."""
    kind = _BY_STATUS.get(status, Unreachable if status >= 500 or status < 400 else RequestRefused)
    found, wait = _status_of(body), _seconds(retry_after)
    if status == _FAILED and request.verb in _CHANGES and _WEBHOOK in str(found.get("message")):
        kind = RequestRefused
    return kind(request, status, found, RETRY_AFTER_S if wait is None and kind is Throttled else wait)


def of_stream(request: ApiRequest, status: Mapping[str, Any]) -> Gone:
    """Return the error for an ERROR in a watch: whatever its number, later events are lost."""
    code = status.get("code")
    return Gone(request, code if isinstance(code, int) else 410, status)


def is_of_server(content_type: str, body: bytes) -> bool:
    """Whether an answer is the API server's own, and not one that it passed on of a pod or of a proxy in between."""
    return content_type == STATUS_TYPE and _status_of(body).get("kind") == "Status"


def no_answer(request: ApiRequest, problem: BaseException) -> Unreachable:
    """Return the error for a request without an answer, or with an incomplete one."""
    return Unreachable(
        request, 0, {"reason": type(problem).__name__, "message": f"{type(problem).__name__}: {problem}"}
    )


def _status_of(body: bytes) -> Mapping[str, Any]:
    """Return the server's Status; proxies in between answer plain text or HTML, of which the first line is kept."""
    try:
        status = nested_json.loads(body)
    except ValueError:
        status = None
    if isinstance(status, Mapping):
        return status
    return {"message": body.decode(errors="replace").strip().partition("\n")[0][:300]}


def _seconds(text: str | None) -> float | None:
    """Parse Retry-After in seconds; the API server never sends a date."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
