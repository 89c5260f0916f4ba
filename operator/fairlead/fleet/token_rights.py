"""The API server's answer about a token: whether its owner may read a URL that belongs to no resource."""

from enum import Enum, auto


class TokenRight(Enum):
    """Outcome of one access review."""

    ALLOWED = auto()
    DENIED = auto()
    UNKNOWN_TOKEN = auto()
    NO_ANSWER = auto()
    """The API server did not answer, so nothing is known about the token."""
