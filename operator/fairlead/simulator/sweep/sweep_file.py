"""A sweep as a file of JSON lines, the deployment first, so that one run can append and another continue.

Text in and out. Errors name their line; a last line that a killed run left incomplete is ignored.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any, Final, TypeVar

from fairlead.documents import json_document
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.sweeps import EngineVariant, KvCapacity, SkippedWork
from fairlead.simulator.sweep.measurements import (
    EngineColdStart,
    SleepMeasurement,
    StepMeasurement,
    SweepPoint,
    SweepRecord,
    SweepWork,
    SweptDeployment,
)
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields

SweepLine = StepMeasurement | EngineColdStart | SleepMeasurement | SkippedWork
"""What is appended."""
ABOUT: Final = (
    "Steps of one engine, measured by `fairlead calibrate --sweep`; `fairlead engine --step-times` and the simulator "
    "read them. Durations are in seconds."
)
KIND: Final = "record"
SHORTEST_S: Final = 1e-9
"""The shortest duration that is written."""
DEPLOYMENT: Final = "deployment"
_NAMES: Final[Mapping[type, str]] = {
    StepMeasurement: "steps",
    EngineColdStart: "start",
    SleepMeasurement: "sleep",
    SkippedWork: "skipped",
}
Word = TypeVar("Word", bound=StrEnum)


def header(deployment: SweptDeployment) -> str:
    """Return the first line."""
    return _line({KIND: DEPLOYMENT, "about": ABOUT} | asdict(deployment))


def line(found: SweepLine) -> str:
    """Return the line for one measured or skipped item."""
    entry = asdict(found)
    if isinstance(found, StepMeasurement):
        entry |= entry.pop("point")
    return _line({KIND: _NAMES[type(found)]} | entry)


def is_sweep(text: str) -> bool:
    """Whether a file of step times is a sweep's."""
    try:
        first = json_document.read(text.partition("\n")[0])
    except ValueError:
        return False
    return isinstance(first, dict) and first.get(KIND) == DEPLOYMENT


def read(text: str) -> SweepRecord:
    """Read what `header` and `line` wrote; `ValueError` names the invalid line."""
    whole, _, _ = text.rpartition("\n")
    try:
        rows = measured_rows.json_rows(whole.split("\n"))
        deployment = _deployment(next(rows, None))
        lines = [_read(row, deployment) for row in rows]
        return SweepRecord(
            deployment=deployment,
            steps=tuple(one for one in lines if isinstance(one, StepMeasurement)),
            starts=tuple(one for one in lines if isinstance(one, EngineColdStart)),
            sleeps=tuple(one for one in lines if isinstance(one, SleepMeasurement)),
            skipped=tuple(one for one in lines if isinstance(one, SkippedWork)),
        )
    except BadMeasurement as problem:
        raise ValueError(f"no sweep: {problem}; or measure again with `fairlead calibrate --sweep`") from problem


def complete(text: str) -> str:
    """Return a file's complete lines, without an incomplete last one of a killed run."""
    whole, newline, _ = text.rpartition("\n")
    return whole + newline


def _line(entry: Mapping[str, Any]) -> str:
    rounded = {name: round(value, 9) if isinstance(value, float) else value for name, value in entry.items()}
    return json.dumps(rounded, ensure_ascii=False) + "\n"


def _deployment(row: MeasuredFields | None) -> SweptDeployment:
    if row is None:
        raise BadMeasurement(1, f"there is no {DEPLOYMENT}, so start again", "remove the file")
    if row.value(KIND) != DEPLOYMENT:
        raise row.bad(f"{KIND} is {measured_rows.shown(row.value(KIND))}, and the first must be {DEPLOYMENT}")
    return SweptDeployment(
        kind=_word(row, "kind", EngineKind) if row.has("kind") else EngineKind.VLLM,
        model=row.text("model"),
        product=row.text("product"),
        tensor=row.count("tensor", 1),
        pipeline=row.count("pipeline", 1),
        weights=row.text("weights"),
        dtype=row.text("dtype"),
        context=row.count("context", 1),
        sequences=row.count("sequences", 1),
        batch_tokens=row.count("batch_tokens", 1),
        engine=row.text("engine"),
        command=tuple(str(word) for word in row.items("command")),
    )


def _read(row: MeasuredFields, deployment: SweptDeployment) -> SweepLine:
    match row.text(KIND):
        case "steps":
            return _steps(row, deployment.batch_tokens)
        case "start":
            return _start(row)
        case "sleep":
            return SleepMeasurement(
                asleep_s=row.number("asleep_s"),
                awake_s=row.number("awake_s"),
                freed_gib=_number_or_none(row, "freed_gib"),
                left_gib=_number_or_none(row, "left_gib"),
            )
        case "skipped":
            return SkippedWork(what=row.text("what"), why=row.text("why"))
        case other:
            raise row.bad(f"{KIND} is {measured_rows.shown(other)}, and must be one of {', '.join(_NAMES.values())}")


def _steps(row: MeasuredFields, batch_tokens: int) -> StepMeasurement:
    """Read a measurement; a prompt alone takes at most two steps, beside others one."""
    work = _word(row, "work", SweepWork)
    batch = row.count("batch", 0 if work is SweepWork.PREFILL else 1, batch_tokens)
    prompts = {
        SweepWork.DECODE: (0, 0),
        SweepWork.PREFILL: (1, 2 * batch_tokens),
        SweepWork.MIXED: (1, batch_tokens - batch),
    }
    point = SweepPoint(
        variant=_word(row, "variant", EngineVariant),
        work=work,
        batch=batch,
        context=row.count("context"),
        prompt=row.count("prompt", *prompts[work]),
    )
    return StepMeasurement(
        point=point,
        seconds=row.number("seconds", SHORTEST_S),
        steps=row.number("steps", above=0.0),
        decode_tokens=row.number("decode_tokens"),
        attended=row.number("attended"),
        prompts=row.count("prompts", 0 if work is SweepWork.DECODE else 1),
    )


def _start(row: MeasuredFields) -> EngineColdStart:
    phases, capacity = row.value("phases"), row.value("capacity")
    named = measured_rows.json_fields(phases, row.line)
    return EngineColdStart(
        variant=_word(row, "variant", EngineVariant),
        kept=row.value("kept") is True,
        seconds=row.number("seconds"),
        phases={name: named.number(name) for name in named.fields},
        graphs_gib=_number_or_none(row, "graphs_gib"),
        capacity=None if capacity is None else _capacity(measured_rows.json_fields(capacity, row.line)),
    )


def _capacity(row: MeasuredFields) -> KvCapacity:
    return KvCapacity(
        tokens=row.count("tokens", 1), blocks=row.count("blocks", 1), block_tokens=row.count("block_tokens", 1)
    )


def _number_or_none(row: MeasuredFields, name: str) -> float | None:
    return row.number(name) if row.has(name) else None


def _word(row: MeasuredFields, name: str, words: type[Word]) -> Word:
    try:
        return words(row.text(name))
    except ValueError as problem:
        if isinstance(problem, BadMeasurement):
            raise
        raise row.bad(
            f"{name} is {measured_rows.shown(row.value(name))}, and must be one of {', '.join(words)}"
        ) from None
