"""What every world of a campaign offers, and the place that one sequence has in it."""

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
    """Of the deployment; no other lane's has it."""
    nodes: tuple[str, ...]
    wanted: WantedSpec = field(default_factory=WantedSpec)
    present: set[str] = field(default_factory=set)
    """Objects that a spec may name and that are there."""
    unsure: set[str] = field(default_factory=set)
    """Of these, objects that went, or came again: whoever has looked before may think otherwise for minutes."""
    stranger: str = ""
    """The uid of somebody else's pod."""
    writes: list[str] = field(default_factory=list)
    """Of the operator, into this namespace: what was written to."""


class World(Protocol):
    """A cluster with an operator, and everything that may happen to it."""

    lanes: tuple[Lane, ...]

    async def begin(self, lane: Lane, wanted: WantedSpec) -> None:
        """Apply the spec a sequence starts with."""

    async def perform(self, lane: Lane, move: Move) -> str:
        """Do it; answers what of it could not be done, empty where all was."""

    async def heal(self, lane: Lane) -> None:
        """Undo every fault that lasts; the spec stays."""

    def facts(self, lane: Lane) -> Facts | None:
        """What is there now; nothing while there is no deployment."""

    def disturbed_at(self) -> float:
        """When something last happened that all lanes feel, by the monotonic clock; later than now while it lasts."""

    async def children(self, lane: Lane) -> list[Manifest]:
        """What hangs on the deployment."""

    async def remove(self, lane: Lane) -> None:
        """Delete the deployment."""

    def complaints(self, lane: Lane) -> list[str]:
        """What is wrong beside the status: the operator dead, a stranger's GPU taken, requests lost."""

    def orphans(self, lane: Lane) -> list[str]:
        """Pods that run and belong to nobody; an operator takes a moment to find them."""

    def requests(self, lane: Lane) -> int:
        """How many requests of clients ended since the last complaints."""
