"""What a condition must say, and how it differs from that."""

from collections.abc import Iterable
from dataclasses import dataclass

from campaign.observer.facts import Manifest

MISSING = "absent"
"""The status of a missing condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one condition may say; empty reasons allow any."""

    condition: str
    statuses: frozenset[str]
    reasons: frozenset[str] = frozenset()
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """A condition, a count or a message that contradicts the facts."""

    about: str
    reported: str
    fact: str

    @property
    def line(self) -> str:
        """The contradiction in words."""
        return f"{self.about}: said {self.reported}; {self.fact}"


def must(condition: str, status: str, reasons: Iterable[str], because: str) -> Verdict:
    """Require one status and one of these reasons."""
    return Verdict(condition=condition, statuses=frozenset({status}), reasons=frozenset(reasons), because=because)


def lie(verdict: Verdict, document: Manifest | None) -> Lie | None:
    """The contradiction, or None if they agree."""
    status = str(document["status"]) if document else MISSING
    reason = str(document["reason"]) if document else ""
    if status in verdict.statuses and (not verdict.reasons or not document or reason in verdict.reasons):
        return None
    wanted = f"{'/'.join(sorted(verdict.statuses))} {'|'.join(sorted(verdict.reasons))}".strip()
    words = f"{status} {reason}: {document['message']}" if document else status
    return Lie(about=verdict.condition, reported=words, fact=f"must be {wanted}, since {verdict.because}")
