"""The claim about fields: each has an effect when changed, or is refused or warned of."""

from collections import Counter
from typing import Final

from prove import field_table
from prove.claims import Claim, Figure
from tests.controller import field_evidence
from tests.controller.evidence import Outcome


def every_field_is_used_refused_or_warned_of() -> Figure:
    """All leaves of the five kinds, in a simulated cluster and in an observed autoscaler."""
    found = field_evidence.everything()
    ignored = field_table.unkept(found)
    fresh = field_table.PAGE.read_text(encoding="utf-8") == field_table.page(found)
    counts = Counter(one.outcome for one in found)
    counted = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    return Figure(
        holds=not ignored and fresh,
        text=f"{len(found)} fields of five kinds: {counted}; silently ignored: "
        f"{', '.join(ignored) or 'none'}; the table in docs is {'fresh' if fresh else 'STALE'}",
    )


CLAIMS: Final = (
    Claim(
        item="trial.4",
        title="Every field of the five kinds is used, as changing it shows, and where; or it is refused or warned of",
        prove=every_field_is_used_refused_or_warned_of,
    ),
)
