"""What can go wrong between us and the API server, told apart by who can change it.

    ApiError                what the server said, whom it was said to
    |-- Conflict            409: the object moved, exists already, or another manager owns a field
    |-- Missing             404: no such object, kind or namespace
    |-- Refused             400, 403, 422 and every other 4xx: a person's matter; the server's words are kept
    |-- Gone                410, or a watch that cannot go on from here: list anew
    |-- Throttled           429: wait `retry_after` seconds
    `-- Unreachable         no answer to rely on: connection, time-out, cut body, 401, 5xx; it may have been done

Knows statuses. Never retries: the caller's queue does, and `retry_after` tells it when.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fairlead.cluster.kinds import Resource

RETRY_AFTER_S: Final = 1.0
"""For a 429 that does not say how long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """What a request asked for, in the words of RBAC."""

    verb: str
    resource: Resource
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None

    def __str__(self) -> str:
        title = f"{self.resource.title}/{self.subresource}" if self.subresource else self.resource.title
        place = "/".join(word for word in (self.namespace, self.name) if word)
        return f"{self.verb} {title}{' ' + place if place else ''}"


class ApiError(Exception):
    """A request that did not do what was asked."""

    def __init__(
        self, asked: ApiRequest, status: int, body: Mapping[str, Any], retry_after: float | None = None
    ) -> None:
        self.asked = asked
        self.status = status
        """0 when there was no answer."""
        self.reason = str(body.get("reason") or "")
        self.message = str(body.get("message") or "")
        self.retry_after = retry_after
        details = body.get("details")
        causes = details.get("causes") if isinstance(details, Mapping) else None
        self.causes: tuple[Mapping[str, Any], ...] = tuple(causes or ())
        super().__init__(f"{asked}: {status or 'no answer'}: {self.message or self.reason}")

    @property
    def verb(self) -> str:
        """What was tried, as RBAC calls it."""
        return self.asked.verb

    @property
    def resource(self) -> Resource:
        """The kind it was tried on."""
        return self.asked.resource

    @property
    def name(self) -> str | None:
        """The object it was tried on, where it was one."""
        return self.asked.name


class Conflict(ApiError):
    """Somebody else was quicker, or owns a field; look again and decide anew."""

    @property
    def exists_already(self) -> bool:
        """Whether a create found the name taken."""
        return self.reason == "AlreadyExists"


class NotFound(ApiError):
    """There is no such object, kind or namespace."""


class RequestRefused(ApiError):
    """The server understood and does not want it; the same request will be refused again until a person acts."""

    @property
    def lacks_right(self) -> bool:
        """Whether a right is missing: the message names verb and resource."""
        return self.status == 403 and not self.namespace_ends

    @property
    def namespace_ends(self) -> bool:
        """Whether it was refused because its namespace is being deleted: nothing is left to be done there."""
        return any(cause.get("reason") == "NamespaceTerminating" for cause in self.causes)


class Gone(ApiError):
    """The version to go on from is no more; list anew."""


class Throttled(ApiError):
    """The server asks to wait."""


class Unreachable(ApiError):
    """No answer to rely on; the request may have been carried out all the same."""


_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: Unreachable,
    404: NotFound,
    408: Unreachable,
    409: Conflict,
    410: Gone,
    429: Throttled,
}


def of_answer(asked: ApiRequest, status: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """The error that an answer means."""
    kind = _BY_STATUS.get(status, Unreachable if status >= 500 or status < 400 else RequestRefused)
    wait = _seconds(retry_after)
    return kind(asked, status, _status_of(body), RETRY_AFTER_S if wait is None and kind is Throttled else wait)


def of_stream(asked: ApiRequest, said: Mapping[str, Any]) -> Gone:
    """An ERROR in a watch: whatever its number, what came after the last event is lost."""
    code = said.get("code")
    return Gone(asked, code if isinstance(code, int) else 410, said)


def no_answer(asked: ApiRequest, problem: BaseException) -> Unreachable:
    """A request that was not answered, or not to the end."""
    return Unreachable(asked, 0, {"reason": type(problem).__name__, "message": f"{type(problem).__name__}: {problem}"})


def _status_of(body: bytes) -> Mapping[str, Any]:
    """The server's Status; proxies on the way answer plain text or HTML, of which the first line says enough."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if isinstance(said, Mapping):
        return said
    return {"message": body.decode(errors="replace").strip().partition("\n")[0][:300]}


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; the API server never sends a date."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
