"""What a spec may say but an engine cannot do or would ignore: one row each, with its source.

An engine's rows yield refusals and a table of docs/reference/engines.md.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, fields

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.desired_state import DesiredEngine
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
    """Returns what the spec says against it; None if nothing."""
    because: str
    remedy: str
    reason: EngineReason


def refusals(setup: EngineSetup, rows: Iterable[FieldLimit]) -> tuple[SpecRefusal, ...]:
    """Refuse each row that a setup contradicts, in their order."""
    return tuple(
        SpecRefusal(field=row.field, value=value, reason=row.reason, because=row.because, remedy=row.remedy)
        for row in rows
        if (value := row.value(setup)) is not None
    )


def unknown_setting(
    setup: EngineSetup, engine: str, settings: Set[str], speculation_settings: Set[str]
) -> SpecRefusal | None:
    """Refuse a setting that is in no table of this engine: it would be accepted and ignored."""
    desired_engine: DesiredEngine = setup.engine
    for holder, names in ((desired_engine, settings), (desired_engine.speculation, speculation_settings)):
        for one in fields(holder):
            if one.name not in names and getattr(holder, one.name) != one.default:
                return SpecRefusal(
                    field="spec.engine" if isinstance(holder, DesiredEngine) else "spec.engine.speculation",
                    value=one.name,
                    reason=EngineReason.NOT_YET_IN_ENGINE,
                    because=f"this release of Fairlead does not know how {engine} handles this setting",
                    remedy="remove it, or write engine.kind: vLLM",
                )
    return None
