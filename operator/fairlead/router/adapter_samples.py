"""Requests that ended while a new version of an adapter had a share of its conversations, by the adapter's name.

The controller compares both versions by them, as it does revisions by `revision_samples`. Both versions are on the same
engines, so an attempt that failed at one engine and was answered by another says nothing about a version.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from fairlead.fleet.adapters import WHOLE, AdapterVersions
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.router import revision_samples
from fairlead.router.kept_per_minute import KeptPerMinute
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.revision_samples import MOST, OLD_FOR_EACH, EndedRequest, SampleRow
from fairlead.routing import revision_split
from fairlead.routing.routing_request import RoutingRequest


@dataclass(slots=True)
class _Trial:
    versions: AdapterVersions
    rows: list[SampleRow] = field(default_factory=list)
    budget: KeptPerMinute = field(default_factory=KeptPerMinute)

    @property
    def percent(self) -> int:
        """Percent of the new version."""
        return next((one.percent for one in self.versions.versions if one.name == self.versions.trial), 0)

    @property
    def old_share(self) -> float:
        """The part of the old version's conversations that is kept."""
        new = self.percent
        return min(1.0, OLD_FOR_EACH * new / max(1, WHOLE - new))


class AdapterSamples:
    """The samples of one target at one router."""

    __slots__ = ("_trials",)

    def __init__(self) -> None:
        self._trials: dict[str, _Trial] = {}

    def follow(self, named: Collection[AdapterVersions]) -> None:
        """Drop requests of other shares than these."""
        current = {one.name: one for one in named if one.trial}
        self._trials = {name: one for name, one in self._trials.items() if current.get(name) == one.versions}

    def add(self, versions: AdapterVersions, routing: RoutingRequest, record: RequestRecord, wall: float) -> None:
        """Add an ended request to one of two versions."""
        trial = self._trials.get(versions.name)
        if trial is None or trial.versions != versions:
            trial = self._trials[versions.name] = _Trial(versions)
        if len(trial.rows) >= MOST or not record.replica or record.left is not None:
            return
        conversation = revision_split.conversation(routing)
        is_new = routing.adapter == versions.trial
        is_compared = is_new or revision_split.is_within(conversation, versions.name, trial.old_share)
        if is_compared and trial.budget.admits(conversation, wall):
            row = revision_samples.row(EndedRequest(conversation, routing, record, wall), failed=False)
            trial.rows.append(row._replace(candidate=int(is_new)))

    def page(self, name: str, after: int) -> dict[str, Any]:
        """Return one adapter's share, its rows from `after` on, and their total number."""
        trial = self._trials.get(name)
        if trial is None:
            return revision_samples.page(None, [], after)
        share = TrafficShare(revision=trial.versions.trial, percent=trial.percent, step=trial.versions.step)
        return revision_samples.page(share, trial.rows, after)
