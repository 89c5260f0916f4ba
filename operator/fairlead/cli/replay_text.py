"""The result of a replay as text: how many decisions agree, and the first that do not, field by field."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fairlead.cli.replay_records import DecisionDisagreement, ReplayResult
from fairlead.fleet.plurals import count, verb

_MAX_FIELDS: Final = 12


def as_text(result: ReplayResult, version: str) -> str:
    """Format as text: lines that need attention first, totals last."""
    lines = [f"{place}: not a record: {broken.because}\n    {broken.excerpt}" for place, broken in result.first_broken]
    lines += [_disagreement(one) for one in result.first_disagreements]
    if result.cut:
        lines.append(
            f"{result.cut}: the last line has no end and was passed over: it is still being written, or was cut"
        )
    others = result.versions.total() - result.versions[version]
    if others:
        lines.append(_other_versions(result, version))
    return _printable("\n".join([*lines, _figure(result)]))


def as_json(result: ReplayResult, version: str) -> str:
    """Format as JSON, under stable names."""
    return json.dumps(
        {
            "decisions": result.agree + result.disagree,
            "agree": result.agree,
            "disagree": result.disagree,
            "broken": result.broken,
            "cut": result.cut or None,
            "version": version,
            "versions": dict(sorted(result.versions.items())),
            "firstDisagreements": [_values(one) for one in result.first_disagreements],
            "firstBroken": [
                {"place": place, "because": one.because, "excerpt": one.excerpt} for place, one in result.first_broken
            ],
        },
        indent=1,
        ensure_ascii=False,
    )


RENDER: Final[Mapping[str, Callable[[ReplayResult, str], str]]] = {"text": as_text, "json": as_json}


def _figure(result: ReplayResult) -> str:
    broken = f", {count(result.broken, 'line')} {verb(result.broken, 'is')} not a record" if result.broken else ""
    decided = result.agree + result.disagree
    return f"{result.agree:,} of {count(decided, 'decision')} {verb(decided, 'comes')} out the same{broken}"


def _other_versions(result: ReplayResult, version: str) -> str:
    deciders = ", ".join(f"{number:,} by {name}" for name, number in sorted(result.versions.items()))
    return (
        f"decided {deciders}; this is {version}: another version may decide otherwise, "
        "so replay with that version's image"
    )


def _disagreement(one: DecisionDisagreement) -> str:
    record = one.record
    when = datetime.fromtimestamp(record.now, tz=UTC).isoformat(timespec="seconds")
    shown = [
        f"    {each.place}: was {_short(each.kept)}, is now {_short(each.again)}"
        for each in one.differences[:_MAX_FIELDS]
    ]
    more = len(one.differences) - len(shown)
    rest = [f"    and {more} more"] if more else []
    return "\n".join([f"{one.place}: infd/{record.name} in {record.namespace} at {when}", *shown, *rest])


def _printable(text: str) -> str:
    """Show control characters as escapes: a terminal would obey those of a damaged file."""
    return "".join(one if one == "\n" or one.isprintable() else ascii(one)[1:-1] for one in text)


def _short(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _values(one: DecisionDisagreement) -> dict[str, Any]:
    return {
        "place": one.place,
        "namespace": one.record.namespace,
        "name": one.record.name,
        "now": one.record.now,
        "version": one.record.version,
        "differences": [
            {"place": each.place, "was": _short(each.kept), "is": _short(each.again)} for each in one.differences
        ],
    }
