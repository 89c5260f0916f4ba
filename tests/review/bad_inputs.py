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
    "text where a number belongs": 2,
    "a word in the wrong case": 3,
    "a model without a source": 4,
    "a negative number of replicas": 5,
    "a million replicas": 5,
    "gigabytes with a B": 6,
    "a duration in words": 7,
    "replicas beside scaling": 8,
    "minReplicas above maxReplicas": 9,
    "a model from a web address": 10,
    "a source without a model name": 10,
    "a source with a shell in it": 11,
    "a source with .. in its path": 11,
    "more GPUs than the engine will use": 16,
    "a draft model without a draft": 20,
    "a name that a Service cannot have": 21,
}
"""Numbers of the forty, by the name of a bad spec."""

ELSEWHERE: Final[Mapping[int, str]] = {
    22: "not visible in one object: the reconcile reports it on the later of the two",
    24: "what a Secret contains is checked by the reconcile",
    25: "what a Secret contains is checked by the reconcile",
    26: "only the hub knows: the reconcile reports it",
    27: "only the hub knows: the reconcile reports it",
    28: "only the kubelet knows: the reconcile reports it",
    29: "accepted with a warning, above; nodes may be added later",
    30: "only the scheduler knows: the reconcile reports it",
    31: "only the API server knows: the reconcile reports it",
    32: "only the engine knows: the reconcile reports it",
    33: "only the engine knows: the reconcile reports it",
    34: "not an input: the reconcile restores children",
    35: "not an input: the reconcile leaves foreign children alone",
    36: "no field is immutable; a change is a new revision",
    37: "not an input: the rollout turns round",
    38: "not an input: the rollout drains",
    39: "not an input: the autoscaler checks metrics",
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
