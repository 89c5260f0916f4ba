"""Whether a kept decision is decided the same way again: each difference by the place it stands at.

Knows nothing of what a decision means, so that no field can be left out by being forgotten here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from fairlead.scaling import recommender
from fairlead.scaling.decision_record import DecisionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDifference:
    """One place where what was kept and what is decided now are not the same."""

    place: str
    """Such as `candidates[1].replicas`."""
    kept: object
    again: object


def differences(record: DecisionRecord) -> tuple[RecordDifference, ...]:
    """Decides anew; none where the answer is the same to the last bit."""
    again, _ = recommender.recommend(record.facts, record.memory, record.now)
    return tuple(_between("", record.recommendation, again))


def _between(place: str, kept: object, again: object) -> Iterator[RecordDifference]:
    if kept == again:
        return
    if is_dataclass(kept) and type(kept) is type(again):
        for field in fields(kept):
            inner = f"{place}.{field.name}" if place else field.name
            yield from _between(inner, getattr(kept, field.name), getattr(again, field.name))
    elif isinstance(kept, tuple) and isinstance(again, tuple) and len(kept) == len(again):
        for number, (one, other) in enumerate(zip(kept, again, strict=True)):
            yield from _between(f"{place}[{number}]", one, other)
    else:
        yield RecordDifference(place=place, kept=kept, again=again)
