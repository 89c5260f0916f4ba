"""The admission webhook's answer: the review of one object, worded as in the reconcile and the command line. Pure.

A missing object may be created later, so a reference to it is a warning here and never a refusal.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.review import deployment_review, references
from fairlead.review.context import ObjectKey
from fairlead.review.result import Review


@dataclass(frozen=True, kw_only=True)
class AdmissionResponse:
    """Whether an object is admitted."""

    refused: str = ""
    """All refusals in one message; empty: it is admitted."""
    warnings: tuple[str, ...] = ()


def response(review: Review, present: Container[ObjectKey], changed: Sequence[str] = ()) -> AdmissionResponse:
    """Answer for one object; `present` holds the objects it names that exist, `changed` the change warnings."""
    if review.refusals:
        return AdmissionResponse(refused=deployment_review.joined_findings(review.refusals))
    lost: tuple[SpecRefusal | SpecWarning, ...] = references.absent(review.named, present)
    sentences = (one.sentence for one in (*review.warnings, *lost))
    return AdmissionResponse(warnings=(*sentences, *changed))
