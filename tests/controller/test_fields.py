"""Every field of the kinds is used in a decision, refused, or warned of; and the page says which.

Leaves come from the committed CRDs: a field added tomorrow is tested tomorrow.
"""

from typing import Any, Final

import pytest

from fairlead.api.kinds import ADAPTER, DEPLOYMENT, EVALUATION, GATEWAY, POLICY, Kind
from prove import field_table
from tests.api.test_every_field_is_live import leaves_of
from tests.controller import field_evidence, points, test_every_field
from tests.controller.evidence import Evidence, Outcome
from tests.controller.reads import differences

KINDS: Final[dict[str, tuple[Kind[Any], list[str]]]] = {
    DEPLOYMENT.name: (DEPLOYMENT, sorted(test_every_field.leaves())),
    POLICY.name: (POLICY, sorted(leaves_of(POLICY))),
    GATEWAY.name: (GATEWAY, sorted(leaves_of(GATEWAY))),
    EVALUATION.name: (EVALUATION, sorted(leaves_of(EVALUATION))),
    ADAPTER.name: (ADAPTER, sorted(leaves_of(ADAPTER))),
}
EVIDENCE: Final = {
    DEPLOYMENT.name: field_evidence.of_deployment,
    POLICY.name: field_evidence.of_policy,
    GATEWAY.name: field_evidence.of_gateway,
    EVALUATION.name: field_evidence.of_evaluation,
    ADAPTER.name: field_evidence.of_adapter,
}
EVERY: Final = [(kind, leaf) for kind, (_, leaves) in KINDS.items() for leaf in leaves]
SOME: Final = [EVERY[place] for place in points.of(len(EVERY), few=40)]
"""All of them in `make test`, some of each kind in quick runs."""


@pytest.mark.trial(13)
@pytest.mark.parametrize(("kind", "leaf"), SOME, ids=lambda each: each)
def test_every_field_is_used_refused_or_warned_of_as_the_page_says(kind: str, leaf: str) -> None:
    found = EVIDENCE[kind](leaf)
    assert found.outcome is not Outcome.IGNORED, f"{kind} spec.{leaf} is taken in silence, and nothing comes of it"
    assert field_table.line(found) in field_table.PAGE.read_text(encoding="utf-8"), (
        "run `python -m prove.field_table > docs/reference/fields.md`"
    )


def test_the_page_has_a_row_for_every_field_and_no_other() -> None:
    rows = [row for row in field_table.PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| `spec.")]
    shown = [row.split("`")[1] for row in rows]
    assert shown == [f"spec.{leaf.replace('.[]', '[]')}" for _, leaf in EVERY]


def test_a_field_without_effect_is_detected_and_named() -> None:
    """The oracle itself: it would notice a field without effect."""
    deaf = Evidence(kind="K", leaf="a.b", outcome=Outcome.IGNORED, where="")
    assert field_table.unkept([deaf]) == ["K a.b"]
    assert differences((1, 2), (1, 3)) == set()
