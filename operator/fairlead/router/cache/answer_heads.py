"""The head of a response as the cache keeps and shares it; its body comes in pieces."""

from dataclasses import dataclass


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
