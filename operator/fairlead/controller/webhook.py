"""What the admission webhook answers: the review of one object, in the words that every other door uses. Pure.

What depends on the cluster may become true tomorrow, so a reference that leads nowhere warns here and never refuses.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from fairlead.controller import deployment_review, references
from fairlead.controller.review import Review
from fairlead.controller.review_context import ObjectKey
from fairlead.fleet.findings import SpecRefusal, SpecWarning


@dataclass(frozen=True, kw_only=True)
class AdmissionResponse:
    """Whether an object is let in."""

    refused: str = ""
    """Everything that is wrong, in one answer; empty: it is let in."""
    warnings: tuple[str, ...] = ()


def response(review: Review, present: Container[ObjectKey], changed: Sequence[str] = ()) -> AdmissionResponse:
    """The answer about one object; `present` holds those it names that are there, `changed` what its change costs."""
    if review.refusals:
        return AdmissionResponse(refused=deployment_review.joined_remarks(review.refusals))
    lost: tuple[SpecRefusal | SpecWarning, ...] = references.absent(review.named, present)
    said = (one.sentence for one in (*review.cautions, *lost))
    return AdmissionResponse(warnings=(*said, *changed))
