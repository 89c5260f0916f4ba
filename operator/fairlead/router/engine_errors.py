"""An engine's error response, read whole before its client sees any of it: what failed, and whether to retry."""

from typing import Final

from fairlead.documents import json_document
from fairlead.engines.http_api import EngineErrorClass, ErrorShapes
from fairlead.router.wire import heads
from fairlead.router.wire.response_heads import ResponseHead
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.reasons import AttemptEnding

SHUTTING_DOWN: Final = "shutting down"
NO_ROUTE: Final = frozenset({404, 405})
"""Statuses for a route that an engine does not have; the body's shape is then one that no client library knows."""
MAX_BYTES: Final = 2**20
"""Limit of an error's body; the rest is dropped, and no engine writes as much."""


def is_bad(head: ResponseHead, payload: bytes, errors: ErrorShapes) -> bool:
    """Whether to read a response whole before passing it on."""
    status = head.status
    if status >= 500 or status in NO_ROUTE or (head.streams and errors.begins_with_error(payload)):
        return True
    return status >= 300 and status in errors.held_back


class EngineErrorReply:
    """One such response."""

    __slots__ = ("_errors", "_pieces", "_size", "head")

    def __init__(self, head: ResponseHead, errors: ErrorShapes) -> None:
        self._errors = errors
        self.head = head
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, payload: bytes) -> None:
        """Add a piece of its body."""
        if self._size < MAX_BYTES:
            self._pieces.append(payload)
            self._size += len(payload)

    @property
    def body(self) -> bytes:
        """The body so far."""
        return b"".join(self._pieces)

    def record(self, table: EndpointTable, endpoint: Endpoint) -> tuple[AttemptEnding, bool]:
        """Return the attempt's ending and whether to retry. An engine's failure is recorded, and may eject it."""
        match self._errors.error_class(self.head.status, self.body):
            case EngineErrorClass.LEAVING:
                table.failed(endpoint, SHUTTING_DOWN, at_once=True)
                return AttemptEnding.LEAVING, True
            case EngineErrorClass.DYING:
                table.failed(endpoint, SHUTTING_DOWN, at_once=True)
                return AttemptEnding.FAILED, True
            case EngineErrorClass.BUSY:
                return AttemptEnding.BUSY, True
            case EngineErrorClass.FAILED:
                table.failed(endpoint, f"status {self.head.status} again and again")
                return AttemptEnding.FAILED, False
            case EngineErrorClass.PASS_ON:
                return AttemptEnding.REFUSED, False

    def lost_adapter(self, name: str) -> bool:
        """Whether the engine says that it does not have this adapter."""
        return self._errors.lost_adapter(self.head.status, self.body, name)

    @property
    def has_no_route(self) -> bool:
        """Whether the engine's web framework answered instead of the engine."""
        return self.head.status in NO_ROUTE and not _has_error(self.body)

    def answer(self, extra: bytes, *, close: bool) -> bytes:
        """Return the same error as bytes for the client."""
        body = self.body
        return heads.client(self.head, b"content-length: %d\r\n" % len(body), extra, close=close) + body


def _has_error(body: bytes) -> bool:
    """Whether the body is an object with an error in it, as OpenAI's and Anthropic's are."""
    try:
        answer = json_document.read(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("error"), dict)
