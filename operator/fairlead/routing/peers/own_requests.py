"""What this router's own requests did at engines since the last report to its peers."""

from collections.abc import Sequence

from fairlead.routing.endpoint import Endpoint


class OwnRequests:
    """Requests of one endpoint table."""

    __slots__ = ("moved", "placed")

    def __init__(self) -> None:
        self.moved: set[Endpoint] = set()
        """Endpoints whose requests or tokens in flight changed."""
        self.placed: dict[Endpoint, list[int]] = {}
        """Prefix blocks that were sent there and not shared recently."""

    def place(self, endpoint: Endpoint, blocks: Sequence[int]) -> None:
        """Record blocks that were sent there."""
        self.placed.setdefault(endpoint, []).extend(blocks)

    def clear(self) -> None:
        """Forget everything, since it was reported."""
        self.moved.clear()
        self.placed = {}
