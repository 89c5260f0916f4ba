"""What a cluster says of a token: whether its owner may read a page that belongs to no resource."""

from enum import Enum, auto


class TokenRight(Enum):
    """The answer to one question."""

    ALLOWED = auto()
    DENIED = auto()
    UNKNOWN_TOKEN = auto()
    NO_ANSWER = auto()
    """The cluster could not be asked; nothing is known of the token."""
