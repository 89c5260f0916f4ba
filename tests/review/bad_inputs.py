"""All bad inputs, and which tests cover those of the reference's forty that no single object shows."""

from collections.abc import Mapping
from typing import Final

from tests.api.bad import Bad
from tests.api.bad_specs import BAD
from tests.review.bad_conversations import CONVERSATIONS
from tests.review.bad_fields import FIELDS
from tests.review.bad_hurts import HURTS
from tests.review.bad_kinds import KINDS
from tests.review.bad_processors import PROCESSORS
from tests.review.bad_specs import SPECS
from tests.review.bad_texts import SHAPES, TEXTS
from tests.review.table import Layer, Row, written

COVERED: Final[Mapping[str, int]] = {
    "an unknown field": 1,
    "a number as text": 2,
    "a word in the wrong case": 3,
    "a model from nowhere": 4,
    "fewer than no replicas": 5,
    "a million replicas": 5,
    "gigabytes with a B": 6,
    "a duration in words": 7,
    "replicas beside scaling": 8,
    "bounds the wrong way round": 9,
    "a model from the web": 10,
    "a source without a model": 10,
    "a source with a shell in it": 11,
    "a source that climbs out": 11,
    "more GPUs than the engine will use": 16,
    "a draft model without a draft": 20,
    "a name that no Service can have": 21,
}
"""Numbers of the forty, by the name of a bad spec."""

ELSEWHERE: Final[Mapping[int, str]] = {
    22: "no object alone: the reconcile tells the later of the two",
    24: "what a Secret holds is seen by the reconcile",
    25: "what a Secret holds is seen by the reconcile",
    26: "only the hub knows: the reconcile tells",
    27: "only the hub knows: the reconcile tells",
    28: "only the kubelet knows: the reconcile tells",
    29: "accepted with a warning, above; nodes may come tomorrow",
    30: "only the scheduler knows: the reconcile tells",
    31: "only the API server knows: the reconcile tells",
    32: "only the engine knows: the reconcile tells",
    33: "only the engine knows: the reconcile tells",
    34: "no input: the reconcile puts children back",
    35: "no input: the reconcile leaves foreign children alone",
    36: "nothing of ours is immutable; a change is a new revision",
    37: "no input: the rollout turns round",
    38: "no input: the rollout drains",
    39: "no input: the autoscaler judges figures",
    40: "read leniently: every object of this table is, and none raises",
}
"""Why a number of the forty has no row."""


def _row(bad: Bad) -> Row:
    """A bad spec of the API tests: their table stays the only place where it is written down."""
    return Row(
        story=bad.story,
        given=written(bad.kind, bad.spec, bad.name),
        layer=Layer.SCHEMA if bad.there else Layer.CEL,
        at=bad.at,
        wording=bad.wording,
        covers=COVERED.get(bad.story, 0),
        there=bad.there,
    )


OURS: Final[tuple[Row, ...]] = (*TEXTS, *SHAPES, *FIELDS, *SPECS, *HURTS, *CONVERSATIONS, *PROCESSORS, *KINDS)
"""Those of this folder."""

ROWS: Final[tuple[Row, ...]] = (*map(_row, BAD), *OURS)
