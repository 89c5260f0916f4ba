"""Bad evaluations whose fields contradict each other, or are written as nobody reads them."""

from typing import Any, Final

from fairlead.api.kinds import EVALUATION
from tests.api.bad import Bad


def _scored(**scorer: object) -> dict[str, Any]:
    return {"items": {"configMap": {"name": "questions", "key": "items.jsonl"}}, "scorer": scorer}


EVALUATION_RULES: Final = (
    Bad(
        story="a tolerance of words",
        kind=EVALUATION,
        spec=_scored(type="Contains", tolerance="0.1"),
        at="spec.scorer.tolerance",
        wording="tolerance belongs to scorer Number; remove tolerance, or set type to Number",
    ),
    Bad(
        story="a field of what is no JSON",
        kind=EVALUATION,
        spec=_scored(type="JSONSchema", field="city"),
        at="spec.scorer.field",
        wording="field belongs to scorer JSONField; remove field, or set type to JSONField",
    ),
    Bad(
        story="choices without a choice",
        kind=EVALUATION,
        spec=_scored(choices=4),
        at="spec.scorer.choices",
        wording="choices belongs to scorer Choice; remove choices, or set type to Choice",
    ),
    Bad(
        story="a field that is not named",
        kind=EVALUATION,
        spec=_scored(type="JSONField"),
        at="spec.scorer.field",
        wording="scorer JSONField compares one field of the answer; set field to its path, for instance city.name",
    ),
    Bad(
        story="capitals of numbers",
        kind=EVALUATION,
        spec=_scored(type="Number", ignoreCase=True),
        at="spec.scorer.ignoreCase",
        wording="only Exact, OneOf, Contains, Regex compare letters; remove ignoreCase",
    ),
    Bad(
        story="a tolerance in words",
        kind=EVALUATION,
        spec=_scored(type="Number", tolerance="a little"),
        at="spec.scorer.tolerance",
        wording="this is not a tolerance; write a decimal in quotes",
    ),
)
