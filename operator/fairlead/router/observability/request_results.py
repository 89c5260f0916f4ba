"""How a request ended, from the client's view."""

from enum import StrEnum
from typing import Final

from fairlead.router.observability.request_record import RequestRecord


class RequestResult(StrEnum):
    """The label `result`."""

    ANSWERED = "answered"
    CACHED = "cached"
    """From the response cache, or by following another request."""
    REFUSED = "refused"
    """By the router, with a reason."""
    ENGINE_REFUSED = "engine_refused"
    """The engine's 4xx, passed on."""
    ENGINE_FAILED = "engine_failed"
    """The engine's 5xx, passed on."""
    CUT = "cut"
    CLIENT_LEFT = "client_left"


ANSWERED: Final = RequestResult.ANSWERED
CACHED: Final = RequestResult.CACHED
"""Module constants: looking a member up on its class costs more than the comparison."""


def result_of(record: RequestRecord) -> RequestResult:
    """Return the first that applies. A client that disconnects during a cut stream counts as `client_left`."""
    if record.left is not None:
        return RequestResult.CLIENT_LEFT
    if record.cut:
        return RequestResult.CUT
    if record.reason:
        return RequestResult.REFUSED
    if record.cache in ("hit", "joined"):
        return CACHED
    if record.status >= 500:
        return RequestResult.ENGINE_FAILED
    return RequestResult.ENGINE_REFUSED if record.status >= 400 else ANSWERED
