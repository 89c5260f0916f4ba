"""What must be said of a condition, and how what is said differs from it."""

from collections.abc import Iterable
from dataclasses import dataclass

from campaign.observer.facts import Manifest

MISSING = "absent"
"""The status of a condition that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What may be said of one condition; empty reasons: any."""

    condition: str
    statuses: frozenset[str]
    reasons: frozenset[str] = frozenset()
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """A condition, a count or a message that does not agree with what is there."""

    about: str
    reported: str
    fact: str

    @property
    def line(self) -> str:
        """As a person reads it."""
        return f"{self.about}: said {self.reported}; {self.fact}"


def must(condition: str, status: str, reasons: Iterable[str], because: str) -> Verdict:
    """One status, one of these reasons."""
    return Verdict(condition=condition, statuses=frozenset({status}), reasons=frozenset(reasons), because=because)


def lie(verdict: Verdict, document: Manifest | None) -> Lie | None:
    """Nothing where they agree."""
    status = str(document["status"]) if document else MISSING
    reason = str(document["reason"]) if document else ""
    if status in verdict.statuses and (not verdict.reasons or not document or reason in verdict.reasons):
        return None
    wanted = f"{'/'.join(sorted(verdict.statuses))} {'|'.join(sorted(verdict.reasons))}".strip()
    words = f"{status} {reason}: {document['message']}" if document else status
    return Lie(about=verdict.condition, reported=words, fact=f"must be {wanted}, since {verdict.because}")
