"""Whether a kind that a cluster may lack can be used now."""

from enum import StrEnum


class KindAvailability(StrEnum):
    """What an informer found out about a kind."""

    SERVED = "Served"
    """It was listed."""
    ABSENT = "Absent"
    """The API server does not serve this kind in this version."""
    FORBIDDEN = "Forbidden"
    """The right to list it is missing."""
    AWAITED = "Awaited"
    """It was not listed yet."""
    UNWATCHED = "Unwatched"
    """This process was started without it."""
