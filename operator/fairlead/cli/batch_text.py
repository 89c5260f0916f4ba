"""How `fairlead batch` shows its progress and its summary."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.batching.batch_check import BatchContents
from fairlead.batching.run_tally import RunEnd, RunTally
from fairlead.cli import text_table
from fairlead.cli.batch_inputs import BatchInputs
from fairlead.fleet.line_problems import LineProblem
from fairlead.fleet.plurals import count
from fairlead.fleet.time_spans import lasting

_AGAIN: Final = "run the same command again to send what is left"
_ENDS: Final[Mapping[RunEnd, str]] = {
    RunEnd.COMPLETE: "all requests have ended",
    RunEnd.INTERRUPTED: _AGAIN,
    RunEnd.TIME_OVER: f"--until is reached; {_AGAIN}",
    RunEnd.NO_ANSWERS: "nothing was answered for as long as --give-up-after allows; see that the models serve, then "
    "run the same command again",
    RunEnd.UNUSABLE: "the address cannot be used; the next run goes on here",
    RunEnd.INPUT_CHANGED: "the input changed while it was read; run the same command again when it is complete",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBatch:
    """What the summary is about."""

    inputs: BatchInputs
    tally: RunTally
    end: RunEnd
    detail: str
    seconds: float


def progress(tally: RunTally, in_flight: int, elapsed_s: float) -> str:
    """Format one line; the numbers keep their places while they grow."""
    width = len(f"{tally.requests:,}")
    left_s = tally.seconds_left(elapsed_s)
    pace = f"{tally.output_tokens / elapsed_s:,.0f}" if elapsed_s > 0 else "0"
    return (
        f"{tally.before + tally.answered:>{width},} of {tally.requests:,} answered, {tally.failed:,} failed, "
        f"{in_flight:,} in flight, {pace:>6} tokens/s, {'-' if left_s is None else lasting(left_s)} left"
    )


def problems(source: str, contents: BatchContents) -> Iterable[str]:
    """Yield the first problems of an input, and how many there are."""
    yield from (f"fairlead batch: {source}: {one.sentence}" for one in contents.problems)
    more = contents.faulty - len(contents.problems)
    if more:
        yield f"fairlead batch: {source}: and {count(more, 'more line')} with a problem"
    yield f"fairlead batch: {source}: nothing was sent; correct {count(contents.faulty, 'line')} first"


def no_requests(source: str) -> Iterable[str]:
    """Yield why an input without requests is refused: whatever should have written it has failed."""
    yield f"fairlead batch: {source}: it has 0 requests; write one a line, and check what writes this input"


def unserved(source: str, found: Iterable[LineProblem]) -> Iterable[str]:
    """Yield the models that the address does not serve."""
    yield from (f"fairlead batch: {source}: {one.sentence}" for one in found)
    yield f"fairlead batch: {source}: nothing was sent"


def as_text(shown: ShownBatch) -> str:
    """Format the summary as a table and a last sentence."""
    tally, rows = shown.tally, list[tuple[str, str, str]]()
    before = f"{tally.before:,} of them before this run" if tally.before else ""
    rows.append(("requests", f"{tally.requests:,}", ""))
    rows.append(("answered", f"{tally.before + tally.answered:,}", before))
    rows.append(("failed", f"{tally.failed:,}", str(shown.inputs.errors) if tally.failed else ""))
    rows += [(f"  {reason}", f"{number:,}", "") for reason, number in tally.failures.most_common()]
    rows.append(("left", f"{tally.left:,}", ""))
    rows.append(("retries", f"{tally.retries.total():,}", ""))
    rows += [(f"  {reason}", f"{number:,}", "") for reason, number in tally.retries.most_common()]
    share = tally.cached_tokens / tally.prompt_tokens if tally.prompt_tokens else 0.0
    rows.append(("prompt tokens", f"{tally.prompt_tokens:,}", ""))
    rows.append(("  cached", f"{tally.cached_tokens:,}", f"{share:.0%}"))
    rows.append(("output tokens", f"{tally.output_tokens:,}", f"{_pace(shown):,.0f} a second"))
    rows.append(("duration", lasting(shown.seconds), ""))
    width = max(len(one[1]) for one in rows)
    lines = text_table.aligned([(name, value.rjust(width), note) for name, value, note in rows])
    detail = f": {shown.detail}" if shown.detail else ""
    return "\n".join((*lines, "", f"{shown.end}: {_ENDS[shown.end]}{detail}"))


def as_json(shown: ShownBatch) -> str:
    """Format the same for scripts."""
    tally = shown.tally
    found = {
        "end": shown.end,
        "detail": shown.detail,
        "requests": tally.requests,
        "answered_before": tally.before,
        "answered": tally.answered,
        "failed": tally.failed,
        "left": tally.left,
        "failures": dict(tally.failures),
        "retries": dict(tally.retries),
        "prompt_tokens": tally.prompt_tokens,
        "cached_tokens": tally.cached_tokens,
        "output_tokens": tally.output_tokens,
        "seconds": round(shown.seconds, 3),
        "output": str(shown.inputs.output),
        "errors": str(shown.inputs.errors) if tally.failed else None,
    }
    return json.dumps(found, indent=2)


def _pace(shown: ShownBatch) -> float:
    return shown.tally.output_tokens / shown.seconds if shown.seconds else 0.0


RENDER: Final[Mapping[str, Callable[[ShownBatch], str]]] = {"text": as_text, "json": as_json}
