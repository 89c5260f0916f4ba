"""What the admission webhook answers: the review of one object, in the words that every other door uses. Pure.

What depends on the cluster may become true tomorrow, so a reference that leads nowhere warns here and never refuses.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from fairlead.controller import judging, references
from fairlead.controller.known import Key
from fairlead.controller.review import Review
from fairlead.fleet.refusals import Caution, Refusal


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether an object is let in."""

    refused: str = ""
    """Everything that is wrong, in one answer; empty: it is let in."""
    warnings: tuple[str, ...] = ()


def verdict(review: Review, present: Container[Key], changed: Sequence[str] = ()) -> Verdict:
    """The answer about one object; `present` holds those it names that are there, `changed` what its change costs."""
    if review.refusals:
        return Verdict(refused=judging.said(review.refusals))
    lost: tuple[Refusal | Caution, ...] = references.absent(review.named, present)
    said = (one.sentence for one in (*review.cautions, *lost))
    return Verdict(warnings=(*said, *changed))
