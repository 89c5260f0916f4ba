"""What a spec may say but an engine cannot do or would ignore: one row each, with its source.

An engine's rows yield refusals and a table of docs/reference/engines.md.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, fields
from typing import Final, Protocol

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


class FieldRow(Protocol):
    """A row of any of an engine's tables."""

    @property
    def field(self) -> str:
        """The spec's field."""


_ENGINE: Final = "spec.engine."
_OF_EVERY_KIND: Final = frozenset({"kind", "version", "image", "extra_args", "extra_env", "env_from"})
"""Settings without a row: they are the command and its environment."""
_GROUPS: Final = frozenset({"batching", "quantization"})
"""Parts of a spec whose fields are settings of their own; any other part is one setting, with all that is in it."""
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "quantization.kvCache": "kv",
    "prefixCaching.hostMemory": "host_memory_bytes",
    "context.maxTokens": "max_context_tokens",
    "sleep.enabled": "sleeps",
}


def settings(rows: Iterable[FieldRow]) -> frozenset[str]:
    """Return the names in `DesiredEngine` of all settings that have a row, and of those that need none."""
    paths = (row.field.removeprefix(_ENGINE) for row in rows if row.field.startswith(_ENGINE))
    return _OF_EVERY_KIND.union(map(_setting, paths))


def _setting(path: str) -> str:
    part, _, rest = path.partition(".")
    name = _OTHER_NAMES.get(path) or (rest if part in _GROUPS else part)
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", name)


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
