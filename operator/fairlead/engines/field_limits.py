"""What an engine cannot do, or would ignore, of what a spec may say: one row each, with where that was read.

From an engine's rows come refusals and a table of docs/reference/engines.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import SpecRefusal


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLimit:
    """One thing that a spec can say and this engine cannot do."""

    field: str
    refuses: str
    """What is refused, in a few words, for the page."""
    source: str
    """File and symbol of the engine's release."""
    value: Callable[[EngineSetup], str | None]
    """What the spec says against it; None where nothing does."""
    because: str
    remedy: str
    reason: EngineReason


def refusals(setup: EngineSetup, rows: Iterable[FieldLimit]) -> tuple[SpecRefusal, ...]:
    """One for each row that a setup contradicts, in their order."""
    return tuple(
        SpecRefusal(field=row.field, value=value, reason=row.reason, because=row.because, remedy=row.remedy)
        for row in rows
        if (value := row.value(setup)) is not None
    )
