"""The revisions of a deployment, and the progress of its rollout."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fairlead.console import figures
from fairlead.console.elements import Markup, element, section, table
from fairlead.console.facts import Manifest
from fairlead.fleet.canaries import CanaryPhase

HEADS: Final = ("Revision", "Pods", "Ready", "Routable", "Requests", "Last cold start", "Since")
STEP_HEADS: Final = ("Step", "State", "Replicas", "Traffic", "Gates")


def rollout(status: Manifest) -> Markup | None:
    """Show the rollout; None before the first revision."""
    revisions = status.get("revisions") or ()
    if not revisions:
        return None
    rows = (
        (
            f"{one.get('name', '')}{' (target)' if at == 0 else ''}",
            *(figures.count(one.get(key)) for key in ("replicas", "ready", "routable")),
            figures.UNKNOWN if one.get("weight") is None else f"{one['weight']}%",
            str((one.get("coldStart") or {}).get("last") or figures.UNKNOWN),
            str(one.get("startedAt") or figures.UNKNOWN),
        )
        for at, one in enumerate(revisions)
    )
    return section("Rollout", _progress(status), table(HEADS, rows), *_canary(status.get("canary") or {}))


def _progress(status: Manifest) -> Markup | None:
    """Show the current step, from its condition."""
    found = next((one for one in status.get("conditions") or () if one.get("type") == "Progressing"), None)
    return element("p", f"{found.get('reason', '')}: {found.get('message', '')}") if found else None


def _canary(canary: Mapping[str, Any]) -> Iterator[Markup]:
    if not canary:
        return
    steps = (canary.get("plan") or {}).get("steps") or ()
    percent = _percent(canary, steps)
    words = f"Canary: {canary.get('phase', '')} since {canary.get('since', '-')}, {percent}% of the traffic."
    yield element("p", words, " Paused." if canary.get("paused") else None)
    if canary.get("message"):
        yield element("p", str(canary["message"]))
    yield table(STEP_HEADS, _steps(canary, steps), text_from=4)


def _percent(canary: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> object:
    """What routers send to the new revision now; a step's share begins when its replicas serve."""
    if canary.get("phase") == CanaryPhase.PROMOTED:
        return 100
    now = (canary.get("step") or 0) - (not canary.get("reachedAt"))
    is_stepping = canary.get("phase") == CanaryPhase.STEPPING
    return steps[now - 1].get("traffic", 0) if is_stepping and 0 < now <= len(steps) else 0


def _steps(canary: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Each step of the plan with the results of its gates."""
    for at, one in enumerate(steps, start=1):
        gates = [
            f"{gate.get('name', '')} {gate.get('verdict', '')}: {gate.get('message', '')}"
            for gate in canary.get("gates") or ()
            if gate.get("step") == at
        ]
        words = " ".join(gates) or ", ".join(map(str, one.get("gates") or ()))
        place = _place(at, canary)
        yield f"{at}", place, str(one.get("replicas") or "as traffic"), f"{one.get('traffic', '-')}%", words


def _place(at: int, canary: Mapping[str, Any]) -> str:
    """Say of a step where it is, seen from the canary's own."""
    phase, now = canary.get("phase"), canary.get("step") or 0
    if phase == CanaryPhase.PROMOTED or (at < now and phase != CanaryPhase.WAITING):
        return "done"
    if phase == CanaryPhase.REJECTED:
        return "ended here" if at == now else "not taken"
    return "now" if at == now and phase != CanaryPhase.WAITING else "to come"
