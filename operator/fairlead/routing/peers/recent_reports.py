"""Which of a peer's figures are its latest ones where datagrams overtake each other: those that no later report has."""

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from fairlead.routing.peers.reports import EngineReport
from fairlead.routing.peers.slot_reports import SlotReport

MAX_KEPT: Final = 16
"""Reports that may overtake one without its figures being lost: until the next full report, at most 250 ms."""
EntryT = TypeVar("EntryT", EngineReport, SlotReport)


class RecentReports(Generic[EntryT]):
    """The last reports of one kind from one peer, by their numbers; entries begin with an engine's number."""

    __slots__ = ("_kept", "_newest")

    def __init__(self) -> None:
        self._kept: dict[int, Sequence[EntryT]] = {}
        self._newest = -1

    def clear(self) -> None:
        """Forget all: another process has numbers of its own."""
        self._kept.clear()
        self._newest = -1

    def latest(self, number: int, entries: Sequence[EntryT]) -> Sequence[EntryT]:
        """Return the entries of this report whose engines no later one names."""
        if not entries:
            return entries
        kept = self._kept
        if len(kept) == MAX_KEPT:
            oldest = min(kept)
            if number < oldest:
                return ()
            del kept[oldest]
        kept[number] = entries
        if number > self._newest:
            self._newest = number
            return entries
        later = {one[0] for other, ones in kept.items() if other > number for one in ones}
        return [one for one in entries if one[0] not in later]
