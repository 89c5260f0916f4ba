"""The head of a response as the cache keeps and shares it; its body comes in pieces."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True, eq=False)
class AnswerRoute:
    """The route on which a gateway's request was answered; read-only once created."""

    target: str
    """The target that answered."""
    fallback: str
    """Why another one did not; empty if it was the first."""
    lines: bytes
    """Header lines about both."""
    version_line: bytes
    """The header line about the version of its adapter, or nothing."""


@dataclass(slots=True, kw_only=True, eq=False)
class AnswerHead:
    """The head of a response; read-only once created."""

    status: int
    lines: bytes
    """The engine's header lines that are passed on, each with its line end."""
    length: int | None
    """Bytes of its body, if known."""
    revision: str
    """The revision of the engine that answered."""
    age: int | None = None
    """Seconds since it was created; set only for a response that another router stored."""
    route: AnswerRoute | None = None
    """Set only at a gateway, for requests that follow it: it may have fallen back to another target than theirs."""
