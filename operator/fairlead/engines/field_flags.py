"""One row per spec field that becomes engine flags, and the common ways of writing one.

An engine's rows yield its command line, the flags that extra arguments may not repeat, the refusals of counts below
one, and what each field costs in memory.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.extra_args import FlagRule
from fairlead.engines.memory_effects import MemoryEffects
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.desired_state import DesiredEngine
from fairlead.fleet.findings import SpecRefusal

Arguments = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFlags:
    """One field, and the flags that no other field and no extra argument may set."""

    field: str
    flags: Arguments
    """With short names and synonyms."""
    write: Callable[[EngineSetup], Arguments]
    """Returns its arguments; none where the engine's own default applies."""
    count: Callable[[DesiredEngine], int | None] | None = None
    """A number that must not be below one."""
    written: Callable[[DesiredEngine], bool] | None = None
    """For fields that came after users already gave their flags: these stay free until the field is written."""
    memory: MemoryEffects = ()
    """What it changes of the engine's memory, beside the room for the KV cache."""


def value_row(
    field: str, *flags: str, of: Callable[[EngineSetup], str | None], memory: MemoryEffects = ()
) -> FieldFlags:
    """The first flag with a value, if there is one."""
    return FieldFlags(
        field=field,
        flags=flags,
        write=lambda setup: () if (text := of(setup)) is None else (flags[0], text),
        memory=memory,
    )


def count_row(
    field: str, flag: str, of: Callable[[DesiredEngine], int | None], memory: MemoryEffects = ()
) -> FieldFlags:
    """A count that the flag takes as written in the spec."""
    return FieldFlags(
        field=field, flags=(flag,), count=of, write=lambda setup: numbered(flag, of(setup.engine)), memory=memory
    )


def switch_row(field: str, flag: str, of: Callable[[DesiredEngine], bool]) -> FieldFlags:
    """A flag without a value."""
    return FieldFlags(field=field, flags=(flag,), write=lambda setup: (flag,) if of(setup.engine) else ())


def degree_row(field: str, *flags: str, of: Callable[[EngineSetup], int], memory: MemoryEffects = ()) -> FieldFlags:
    """The number of GPUs over which something is spread; one is every engine's default."""
    return FieldFlags(
        field=field,
        flags=flags,
        write=lambda setup: () if of(setup) == 1 else (flags[0], str(of(setup))),
        memory=memory,
    )


def numbered(flag: str, number: int | None) -> Arguments:
    """Return the flag and the number, if there is one."""
    return () if number is None else (flag, str(number))


def owned_by(row: FieldFlags) -> FlagRule:
    """Return the rule of one field for extra arguments."""
    return FlagRule(
        flags=row.flags,
        reason=EngineReason.ARGUMENT_OWNED,
        because=f"{row.field} owns this flag",
        remedy=f"set {row.field} instead",
    )


def count_out_of_range(setup: EngineSetup, rows: Iterable[FieldFlags]) -> SpecRefusal | None:
    """Refuse the first count below one."""
    for row in rows:
        count = None if row.count is None else row.count(setup.engine)
        if count is not None and count < 1:
            return SpecRefusal(
                field=row.field,
                value=str(count),
                reason=EngineReason.OUT_OF_RANGE,
                because="must be at least 1",
                remedy="write 1 or more, or leave it out",
            )
    return None
