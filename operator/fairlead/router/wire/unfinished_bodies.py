"""Counts the bytes of all bodies that a router is receiving, so that no number of clients can fill its memory."""

from typing import Final

from fairlead.router.wire.limits import RequestLimits

MOST_BYTES: Final = 256 * 2**20
"""As many as may wait for a replica. A body that arrives in one read is never among them."""
LARGEST_BODIES: Final = 4
"""So many of the largest bodies that a configuration allows are received in any case."""


class UnfinishedBodies:
    """The bytes that have arrived of bodies that are not complete, of all of one router's connections."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0

    def exceed(self, limits: RequestLimits) -> bool:
        """Whether they are too many."""
        return self.bytes > MOST_BYTES and self.bytes > LARGEST_BODIES * limits.body_bytes


def too_many(held: int) -> str:
    """Return the message for a client whose body does not fit beside the others."""
    return f"the request's body: {held} bytes of bodies are arriving here, more than fit; send it again in a second"
