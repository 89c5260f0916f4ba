"""A person's order to a canary: an annotation with a verb and a time, so that the spec is not edited for it. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.fleet.canaries import CanaryOrder, CanaryVerb
from fairlead.fleet.findings import SpecWarning
from fairlead.review.result import AdmissionReason

ORDER: Final = f"{GROUP}/rollout"
"""The annotation."""
_SHOWN: Final = 60
_LAST_YEAR: Final = 9000
"""After it no later order could be timed: a broken tool wrote the time."""


def read(document: object) -> CanaryOrder | None:
    """Return a person's last order; None if it cannot be read."""
    words = _written(document).split()
    try:
        verb, at = CanaryVerb(words[0]), datetime.fromisoformat(words[1])
        if at.tzinfo is None:
            return None
        at = at.astimezone(UTC)  # which the first and the last day of all time may not have
    except (ValueError, IndexError, OverflowError):
        return None
    return CanaryOrder(verb=verb, at=at) if at.year <= _LAST_YEAR else None


def warnings(document: object) -> Iterator[SpecWarning]:
    """Warn of an order that cannot be read: it would change nothing, without a word."""
    written = _written(document)
    if written and read(document) is None:
        yield SpecWarning(
            field=f"metadata.annotations[{ORDER}]",
            value=written[:_SHOWN],
            reason=AdmissionReason.ORDER_UNREADABLE,
            because="it is not a verb and a time with its zone, so no canary follows it",
            remedy=f"run `fairlead rollout`, or write one of {', '.join(CanaryVerb)} and a time: "
            "pause 2026-11-20T12:00:00Z",
        )


def _written(document: object) -> str:
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return str(annotations.get(ORDER, "")) if isinstance(annotations, Mapping) else ""
