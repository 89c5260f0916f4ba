"""What this router's own requests did at engines since the last report to its peers."""

from collections.abc import Sequence

from fairlead.routing.endpoint import Endpoint


class OwnRequests:
    """Of one endpoint table."""

    __slots__ = ("moved", "placed")

    def __init__(self) -> None:
        self.moved: set[Endpoint] = set()
        """Endpoints whose requests or tokens in flight changed."""
        self.placed: dict[Endpoint, list[int]] = {}
        """Prefix blocks that were sent there and were not shared lately."""

    def place(self, endpoint: Endpoint, blocks: Sequence[int]) -> None:
        """Blocks were sent there."""
        self.placed.setdefault(endpoint, []).extend(blocks)

    def clear(self) -> None:
        """All of it was reported."""
        self.moved.clear()
        self.placed = {}
