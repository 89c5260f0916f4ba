"""Errors for bytes that are not an acceptable request: a closed list, each with its status."""

from enum import Enum


class ProtocolFault(Enum):
    """Code and status; the connection is closed after each, since the start of a next request is unknown."""

    MALFORMED = "malformed_request", 400
    PLAIN_PORT = "tls_on_plain_port", 400
    BAD_TARGET = "bad_target", 400
    HOST_MISSING = "host_missing", 400
    HOST_TWICE = "host_twice", 400
    TYPE_TWICE = "content_type_twice", 400
    LENGTH_AND_CHUNKED = "length_and_chunked", 400
    BAD_BODY_FRAMING = "bad_chunks", 400
    TARGET_TOO_LONG = "target_too_long", 414
    HEAD_TOO_LARGE = "headers_too_large", 431
    TOO_MANY_LINES = "too_many_headers", 431
    BODY_TOO_LARGE = "request_too_large", 413
    UNKNOWN_EXPECTATION = "unknown_expectation", 417
    UNKNOWN_METHOD = "unknown_method", 501
    UNKNOWN_CODING = "unknown_transfer_coding", 501
    TOO_MANY_BODIES = "too_many_bodies", 503
    UNKNOWN_VERSION = "unknown_http_version", 505

    @property
    def code(self) -> str:
        """The code that clients and metrics see."""
        return self.value[0]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[1]
