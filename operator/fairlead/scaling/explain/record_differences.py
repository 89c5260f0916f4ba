"""Whether a recorded decision comes out the same when it is repeated; lists each difference by its path.

Compares all fields without knowing their meaning, so that none can be forgotten.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from fairlead.scaling.decide import recommender
from fairlead.scaling.explain.decision_record import DecisionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDifference:
    """A path at which the recorded and the repeated decision differ."""

    place: str
    """A path such as `candidates[1].replicas`."""
    kept: object
    again: object


def differences(record: DecisionRecord) -> tuple[RecordDifference, ...]:
    """Repeat the decision; returns an empty tuple if the answer is the same to the last bit."""
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
