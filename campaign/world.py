"""The interface of a campaign's worlds, and the lane that a sequence runs in."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from campaign.moves import Move
from campaign.observer.facts import Facts
from campaign.specs import WantedSpec

Manifest = dict[str, Any]


@dataclass(slots=True, kw_only=True, eq=False)
class Lane:
    """One sequence at a time: a namespace, nodes with GPUs of its own, a stranger that holds one of them."""

    number: int
    namespace: str
    name: str
    """The deployment's name, which no other lane uses."""
    nodes: tuple[str, ...]
    wanted: WantedSpec = field(default_factory=WantedSpec)
    present: set[str] = field(default_factory=set)
    """Existing objects that a spec may name."""
    unsure: set[str] = field(default_factory=set)
    """Those that were deleted or recreated: earlier readers may have a wrong state for minutes."""
    stranger: str = ""
    """The uid of another owner's pod."""
    writes: list[str] = field(default_factory=list)
    """The operator's writes to this namespace, by object."""


class World(Protocol):
    """A cluster with an operator, and everything that may happen to it."""

    lanes: tuple[Lane, ...]

    async def begin(self, lane: Lane, wanted: WantedSpec) -> None:
        """Apply the spec a sequence starts with."""

    async def perform(self, lane: Lane, move: Move) -> str:
        """Make a move; return what could not be done, empty if everything was."""

    async def heal(self, lane: Lane) -> None:
        """Undo every lasting fault; the spec stays."""

    def facts(self, lane: Lane) -> Facts | None:
        """The current facts; None if there is no deployment."""

    def disturbed_at(self) -> float:
        """When the last cluster-wide fault is over, by the monotonic clock; in the future while it lasts."""

    async def children(self, lane: Lane) -> list[Manifest]:
        """The deployment's children."""

    async def remove(self, lane: Lane) -> None:
        """Delete the deployment."""

    def complaints(self, lane: Lane) -> list[str]:
        """Problems outside the status: the operator dead, a stranger's GPU taken, requests lost."""

    def orphans(self, lane: Lane) -> list[str]:
        """Running pods without an owner; an operator takes a moment to find them."""

    def requests(self, lane: Lane) -> int:
        """How many requests of clients ended since the last complaints."""
