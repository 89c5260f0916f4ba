"""docs/reference/fields.md: the effect of every field of our kinds, as observed when each was changed.

`python -m prove.field_table > docs/reference/fields.md` renders the page; a test detects when it is stale.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from fairlead.api.kinds import ADAPTER, DEPLOYMENT, EVALUATION, GATEWAY, POLICY
from tests.controller import field_evidence
from tests.controller.evidence import Evidence, Outcome

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "fields.md"

_HEAD: Final = """\
# What becomes of every field

{total} fields of the five kinds: {counts}. No field is silently ignored.

- **used**: another value in this field changes the pods, the Service, the routers' configuration, the status or the
  steps of a rollout; for a policy or an evaluation, the named modules read it.
- **refused**, **warned of**: this release does not act on it, and says so in these words when the object is applied.
- **refused where it contradicts**: it states what other fields decide, and is checked against them.

Nothing here is written by hand: the generator changes each field and observes the effect. "read by" names the modules
of `operator/fairlead` that act on the value.

This page is rendered by `python -m prove.field_table > docs/reference/fields.md`.
"""
_ABOUT: Final = {
    DEPLOYMENT.name: "Observed in a simulated cluster, with the field and without it.",
    POLICY.name: "Observed in an autoscaler's decisions for fleets that grow, shrink, sleep and stop reporting.",
    GATEWAY.name: "Observed in what its routers get: their pods, their Service and their configuration.",
    EVALUATION.name: "Observed in what its items become, and in which modules read that.",
    ADAPTER.name: "Observed in what loaders and routers get.",
}


def page(found: Sequence[Evidence]) -> str:
    """Build the whole page."""
    tally = Counter(one.outcome for one in found)
    counts = ", ".join(f"{tally[outcome]} {outcome}" for outcome in Outcome if tally[outcome])
    parts = [_HEAD.format(total=len(found), counts=counts)]
    for kind, about in _ABOUT.items():
        rows = "".join(line(one) for one in found if one.kind == kind)
        parts.append(f"## {kind}\n\n{about}\n\n| field | effect | where, or the message |\n|---|---|---|\n{rows}")
    return "\n".join(parts)


def line(one: Evidence) -> str:
    """Format one field."""
    cells = (f"`spec.{one.leaf.replace('.[]', '[]')}`", str(one.outcome), one.where)
    return f"| {' | '.join(cell.replace('|', '/').replace('<', '&lt;') for cell in cells)} |\n"


def unkept(found: Iterable[Evidence]) -> list[str]:
    """Fields that are accepted and ignored."""
    return [f"{one.kind} {one.leaf}" for one in found if one.outcome is Outcome.IGNORED]


def main() -> None:
    """Print the page."""
    print(page(field_evidence.everything()), end="")


if __name__ == "__main__":
    main()
