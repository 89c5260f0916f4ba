"""The result of a replay as text: how many decisions agree, and the first that do not, field by field."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fairlead.cli.replay_records import DecisionDisagreement, ReplayResult
from fairlead.fleet.plurals import count, verb

_MOST_FIELDS: Final = 12


def as_text(found: ReplayResult, version: str) -> str:
    """Format as text: lines that need attention first, totals last."""
    lines = [f"{place}: not a record: {broken.because}\n    {broken.excerpt}" for place, broken in found.first_broken]
    lines += [_disagreement(one) for one in found.first_disagreements]
    if found.cut:
        lines.append(
            f"{found.cut}: the last line has no end and was passed over: it is still being written, or was cut"
        )
    others = found.versions.total() - found.versions[version]
    if others:
        lines.append(_other_versions(found, version))
    return "\n".join([*lines, _figure(found)])


def as_json(found: ReplayResult, version: str) -> str:
    """Format as JSON, under stable names."""
    return json.dumps(
        {
            "decisions": found.lines,
            "agree": found.agree,
            "disagree": found.disagree,
            "broken": found.broken,
            "cut": found.cut or None,
            "version": version,
            "versions": dict(sorted(found.versions.items())),
            "firstDisagreements": [_values(one) for one in found.first_disagreements],
            "firstBroken": [
                {"place": place, "because": one.because, "excerpt": one.excerpt} for place, one in found.first_broken
            ],
        },
        indent=1,
        ensure_ascii=False,
    )


RENDER: Final[Mapping[str, Callable[[ReplayResult, str], str]]] = {"text": as_text, "json": as_json}


def _figure(found: ReplayResult) -> str:
    broken = f", {count(found.broken, 'line')} {verb(found.broken, 'is')} not a record" if found.broken else ""
    decided = found.agree + found.disagree
    return f"{found.agree:,} of {count(decided, 'decision')} {verb(decided, 'comes')} out the same{broken}"


def _other_versions(found: ReplayResult, version: str) -> str:
    deciders = ", ".join(f"{number:,} by {name}" for name, number in sorted(found.versions.items()))
    return (
        f"decided {deciders}; this is {version}: another version may decide otherwise, "
        "so replay with that version's image"
    )


def _disagreement(one: DecisionDisagreement) -> str:
    record = one.record
    when = datetime.fromtimestamp(record.now, tz=UTC).isoformat(timespec="seconds")
    shown = [
        f"    {each.place}: was {_short(each.kept)}, is now {_short(each.again)}"
        for each in one.differences[:_MOST_FIELDS]
    ]
    more = len(one.differences) - len(shown)
    rest = [f"    and {more} more"] if more else []
    return "\n".join([f"{one.place}: infd/{record.name} in {record.namespace} at {when}", *shown, *rest])


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
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
