"""What the admission webhook answers: the review of one object, in the words that every other door uses. Pure.

What depends on the cluster may become true tomorrow, so a reference that leads nowhere warns here and never refuses.
"""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from fairlead.api.kinds import DEPLOYMENT
from fairlead.controller import admission, judging, references, transitions
from fairlead.controller.known import Key, Known
from fairlead.fleet.refusals import Caution, Refusal


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether an object is let in."""

    refused: str = ""
    """Everything that is wrong, in one answer; empty: it is let in."""
    warnings: tuple[str, ...] = ()


def verdict(
    document: dict[str, Any], known: Known, present: Container[Key], before: dict[str, Any] | None = None
) -> Verdict:
    """The answer about one object; `present` holds those objects that it names and that are there."""
    review = admission.review(document, known)
    if review.refusals:
        return Verdict(refused=judging.said(review.refusals))
    lost: tuple[Refusal | Caution, ...] = references.absent(admission.named(document, known), present)
    said = (one.sentence for one in (*review.cautions, *lost))
    changed = transitions.warnings(before, document, known) if before and review.kind == DEPLOYMENT.name else ()
    return Verdict(warnings=(*said, *changed))
