"""The admission webhook's answer: the review of one object, worded as in the reconcile and the command line. Pure.

A missing object may be created later, so a reference to it is a warning here and never a refusal.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fairlead.api.kinds import ADAPTER, DEPLOYMENT
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.review import deployment_review, order_annotation, references
from fairlead.review.context import ObjectKey
from fairlead.review.result import Review

_TRIED: Final = frozenset({DEPLOYMENT.name, ADAPTER.name})


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


def of_order(document: Mapping[str, Any]) -> AdmissionResponse:
    """Answer for an update that leaves the spec as it is: it is sent for the sake of an order to a canary.

    What is wrong with the spec is stored already, and must not keep a person from stopping it.
    """
    found = order_annotation.warnings(document) if document.get("kind") in _TRIED else ()
    return AdmissionResponse(warnings=tuple(one.sentence for one in found))
