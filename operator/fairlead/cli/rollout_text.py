"""Output of `fairlead rollout status`: the steps as a table with the results of their gates, or as JSON."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from fairlead.cli import rollout_orders
from fairlead.cli.rollout_orders import RolloutView
from fairlead.cli.text_table import aligned
from fairlead.comparing import rank_statistics
from fairlead.fleet.canaries import CanaryGate, CanaryPhase, CanaryState, StepVerdict
from fairlead.fleet.gate_verdicts import Interval
from fairlead.fleet.time_spans import lasting
from fairlead.telemetry.log_lines import escaped

_HEAD: Final = ("", "STEP", "REPLICAS", "TRAFFIC", "HOLD", "GATE", "VERDICT", "REASON", "N", "DIFFERENCE", "MISSING")
_NONE: Final = "-"


def lines(view: RolloutView, now: datetime) -> Iterator[str]:
    """Format as text."""
    state = view.state
    paused = ", paused" if state.paused or view.held else ""
    yield (
        f"{view.place}: {state.phase}{paused} for {lasting((now - state.since).total_seconds())}: {state.revision} "
        f"against {state.stable}, {rollout_orders.share(state)} % of the conversations"
    )
    message = state.because if state.phase is CanaryPhase.REJECTED else view.progress or state.because
    if message:
        yield f"  says  {escaped(message)}"
    yield f"  next  {rollout_orders.coming(view)}"
    yield ""
    yield from aligned([_HEAD, *_rows(state)])
    for one in state.verdicts:
        yield ""
        yield f"step {one.step + 1}, gate {one.gate}: {escaped(one.verdict.message)}"


def as_json(view: RolloutView) -> str:
    """Format as JSON: the canary as in its status, with its messages and the next step."""
    found = {
        "place": view.place,
        "says": view.progress,
        "next": rollout_orders.coming(view),
        "share": rollout_orders.share(view.state),
        "canary": dict(view.stored),
    }
    return json.dumps(found, indent=2)


def _rows(state: CanaryState) -> Iterator[tuple[str, ...]]:
    for number, step in enumerate(state.plan.steps):
        here = number == state.step and state.phase is not CanaryPhase.PROMOTED
        head = (
            "→" if here else "",
            str(number + 1),
            str(step.replicas or ("as traffic" if state.plan.starts_replicas else "all")),
            f"{step.traffic} %",
            lasting(step.hold_seconds),
        )
        for place, gate in enumerate(step.gates or (None,)):
            yield (*(head if place == 0 else ("",) * len(head)), *_gate(state, number, gate))


def _gate(state: CanaryState, number: int, gate: CanaryGate | None) -> tuple[str, ...]:
    found = next((one for one in state.verdicts if (one.step, one.gate) == (number, gate)), None)
    name = _NONE if gate is None else gate.value
    return (name, *(_verdict(found) if found is not None else ("", "", "", "", "")))


def _verdict(one: StepVerdict) -> tuple[str, ...]:
    verdict, bounds = one.verdict, one.verdict.difference
    quality = one.gate is CanaryGate.QUALITY
    shown = (_difference(bounds) if quality else _ratio(bounds)) if bounds else ""
    missing = "" if verdict.missing is None else str(verdict.missing)
    return verdict.verdict.value, verdict.reason.value, str(verdict.n), shown, missing


def _ratio(bounds: Interval) -> str:
    """An interval of latency ratios."""
    estimate, low, high = (rank_statistics.shown(one, ">") for one in (bounds.estimate, bounds.low, bounds.high))
    return f"x{estimate} ({low} to {high})"


def _difference(bounds: Interval) -> str:
    """An interval of accuracy differences, in points."""
    return f"{100 * bounds.estimate:+.1f} points ({100 * bounds.low:+.1f} to {100 * bounds.high:+.1f})"
