"""Sections of docs/reference/engines.md that every kind except vLLM has, from its tables."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairlead.engines.engine_setup import RefusalCheck, WarningCheck
from fairlead.engines.extra_variables import VariableRule
from fairlead.engines.family_parsers import FamilyParser
from fairlead.engines.field_limits import FieldLimit
from prove.table_text import code, rules, section, table

ReservedFlags = Sequence[tuple[tuple[str, ...], str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTables:
    """The tables of one kind."""

    name: str
    limits: Sequence[FieldLimit]
    refusals: Sequence[RefusalCheck | Callable[..., object]]
    warnings: Sequence[WarningCheck]
    tools: Sequence[FamilyParser]
    reasoning: Sequence[FamilyParser]
    reserved: ReservedFlags
    variables: Mapping[str, VariableRule]


def decisions(kind: KindTables, refused: str) -> tuple[str, ...]:
    """Fields that are refused or warned of."""
    return (
        section(
            f"{kind.name}: what it cannot do",
            f"Fields that {kind.name} cannot express, or that Fairlead does not support there yet. A setting that is "
            "neither in this table nor in the one above is refused as well.",
            table(
                ("field", "what", "why", "what to do", "read in"),
                ((f"`{row.field}`", row.refuses, row.because, row.remedy, row.source) for row in kind.limits),
            ),
        ),
        section(f"{kind.name}: refusals", refused, table(("about", "rule", "where and how"), rules(kind.refusals))),
        section(
            f"{kind.name}: warnings",
            "Allowed, with a warning in the object's conditions.",
            table(("about", "warning", "why"), rules(kind.warnings)),
        ),
    )


def words(kind: KindTables, parsers: str) -> tuple[str, ...]:
    """Names of parsers, and flags and variables that users may not set."""
    return (
        section(
            f"{kind.name}: parsers by model family",
            parsers,
            table(("for", "family", "models named", "parser"), families(kind.tools, kind.reasoning)),
        ),
        section(
            f"{kind.name}: reserved flags",
            "Flags that would break what routers, probes and the autoscaler rely on.",
            table(
                ("flags", "why", "what to do"),
                ((code(names), because, remedy) for names, because, remedy in kind.reserved),
            ),
        ),
        section(
            f"{kind.name}: reserved variables",
            "Environment variables that may not be set in `spec.engine.env`.",
            table(
                ("variable", "why", "what to do"),
                ((f"`{name}`", one.because, one.remedy) for name, one in kind.variables.items()),
            ),
        ),
    )


def families(tools: Iterable[FamilyParser], reasoning: Iterable[FamilyParser]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a table of parsers."""
    yield from (_family("tools", row) for row in tools)
    yield from (_family("reasoning", row) for row in reasoning)


def _family(what: str, row: FamilyParser) -> tuple[str, ...]:
    named = " or ".join(f"*{word}*" for word in row.named if word) or "any"
    but = f", not {' or '.join(f'*{word}*' for word in row.but)}" if row.but else ""
    return what, f"`{row.family}`", named + but, f"`{row.parser}`"
