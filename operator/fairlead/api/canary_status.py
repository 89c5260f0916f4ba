"""A canary's state in its deployment's status: all that a restarted operator continues from. Pure.

What cannot be read counts as absent, so a canary whose status a person edited starts over; that it was rejected is also
on the revision's Deployment, and outlives that.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fairlead.fleet.canaries import (
    CanaryGate,
    CanaryPhase,
    CanaryPlan,
    CanaryState,
    CanaryStep,
    QualityLimits,
    ServiceLimits,
    StepVerdict,
    UndecidedAction,
)
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Interval, Verdict

Manifest = dict[str, Any]

UNREADABLE: Final = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError)
LONGEST: Final = 1024
"""Characters of a sentence in a status."""
_MOMENTS: Final = {"reachedAt": "reached_at", "orderedAt": "ordered_at", "retriedAt": "retried_at"}
_RATES: Final = ("baseline", "candidate")


def written(state: CanaryState) -> Manifest:
    """Return the state as a status stores it, with steps counted from 1."""
    found: Manifest = {
        "revision": state.revision,
        "stable": state.stable,
        "phase": state.phase.value,
        "step": state.step + 1,
        "since": _spelt(state.since),
        "plan": _plan(state.plan),
        "gates": [_gate(one) for one in state.verdicts],
    }
    found |= {key: _spelt(at) for key, name in _MOMENTS.items() if (at := getattr(state, name)) is not None}
    if state.paused:
        found["paused"] = True
    if state.because:
        found["message"] = state.because[:LONGEST]
    return found


def read(stored: object) -> CanaryState | None:
    """Return the state in a status; None if there is none that is complete."""
    try:
        return _read(stored) if isinstance(stored, Mapping) else None
    except UNREADABLE:
        return None


def of(document: Mapping[str, Any]) -> CanaryState | None:
    """Return the state in the status of a deployment or an adapter."""
    status = document.get("status")
    return read(status.get("canary")) if isinstance(status, Mapping) else None


def _plan(plan: CanaryPlan) -> Manifest:
    found: Manifest = {
        "steps": [
            {
                "replicas": one.replicas,
                "traffic": one.traffic,
                "holdSeconds": _number(one.hold_seconds),
                "gates": [gate.value for gate in one.gates],
            }
            for one in plan.steps
        ],
        "undecidedSeconds": _number(plan.undecided_seconds),
        "undecided": plan.undecided.value,
        "service": {
            "maxTtftRatio": _number(plan.service.ttft_ratio),
            "maxTpotRatio": _number(plan.service.tpot_ratio),
            "maxFaultShare": _number(plan.service.fault_share),
            "minRequests": plan.service.min_requests,
        },
    }
    if plan.start_within_seconds is not None:
        found["startWithinSeconds"] = _number(plan.start_within_seconds)
    if plan.quality is not None:
        found["quality"] = {"evaluation": plan.quality.evaluation, "margin": _number(plan.quality.margin)}
    return found


def _gate(one: StepVerdict) -> Manifest:
    verdict = one.verdict
    found: Manifest = {
        "step": one.step + 1,
        "name": one.gate.value,
        "verdict": verdict.verdict.value,
        "reason": verdict.reason.value,
        "message": verdict.message[:LONGEST],
        "compared": verdict.n,
    }
    found |= {name: _number(rate) for name in _RATES if (rate := getattr(verdict, name)) is not None}
    if verdict.difference is not None:
        bounds = verdict.difference
        found["difference"] = {
            "low": _number(bounds.low),
            "estimate": _number(bounds.estimate),
            "high": _number(bounds.high),
        }
    found |= {} if verdict.missing is None else {"missing": verdict.missing}
    return found | ({"items": one.items} if one.items else {})


def _read(stored: Mapping[str, Any]) -> CanaryState:
    plan = _plan_of(stored["plan"])
    step = _whole(stored["step"]) - 1
    if not 0 <= step < len(plan.steps):
        raise ValueError(step)
    moments = {name: _moment(stored[key]) for key, name in _MOMENTS.items() if key in stored}
    return CanaryState(
        revision=_text(stored["revision"]),
        stable=_text(stored["stable"]),
        plan=plan,
        phase=CanaryPhase(stored["phase"]),
        step=step,
        since=_moment(stored["since"]),
        paused=stored.get("paused") is True,
        verdicts=tuple(_verdict_of(one) for one in stored["gates"]),
        because=_text(stored.get("message", "")),
        **moments,
    )


def _plan_of(stored: Mapping[str, Any]) -> CanaryPlan:
    steps = tuple(
        CanaryStep(
            replicas=_whole(one["replicas"]),
            traffic=_whole(one["traffic"]),
            hold_seconds=float(one["holdSeconds"]),
            gates=tuple(CanaryGate(gate) for gate in one["gates"]),
        )
        for one in stored["steps"]
    )
    quality = stored.get("quality")
    return CanaryPlan(
        steps=steps,
        start_within_seconds=float(stored["startWithinSeconds"]) if "startWithinSeconds" in stored else None,
        undecided_seconds=float(stored["undecidedSeconds"]),
        undecided=UndecidedAction(stored["undecided"]),
        service=_limits_of(stored["service"]),
        quality=QualityLimits(evaluation=_text(quality["evaluation"]), margin=float(quality["margin"]))
        if quality
        else None,
    )


def _limits_of(stored: Mapping[str, Any]) -> ServiceLimits:
    return ServiceLimits(
        ttft_ratio=float(stored["maxTtftRatio"]),
        tpot_ratio=float(stored["maxTpotRatio"]),
        fault_share=float(stored["maxFaultShare"]),
        min_requests=_whole(stored["minRequests"]),
    )


def _verdict_of(stored: Mapping[str, Any]) -> StepVerdict:
    bounds = stored.get("difference")
    verdict = GateVerdict(
        verdict=Verdict(stored["verdict"]),
        reason=GateReason(stored["reason"]),
        message=_text(stored["message"]),
        n=_whole(stored["compared"]),
        difference=Interval(**{key: float(value) for key, value in bounds.items()}) if bounds else None,
        missing=_whole(stored["missing"]) if "missing" in stored else None,
        **{name: float(stored[name]) for name in _RATES if name in stored},
    )
    return StepVerdict(
        step=_whole(stored["step"]) - 1,
        gate=CanaryGate(stored["name"]),
        verdict=verdict,
        items=_text(stored.get("items", "")),
    )


def _number(value: float) -> str:
    """Format a decimal as Kubernetes keeps it, as text."""
    return f"{value:.6g}"


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _spelt(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(_text(text))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)
