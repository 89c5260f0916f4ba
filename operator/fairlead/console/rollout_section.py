"""The revisions of a deployment, and the progress of its rollout."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fairlead.console import figures
from fairlead.console.elements import Markup, element, section, table
from fairlead.console.facts import Manifest

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
    words = f"Canary: {canary.get('phase', '')} since {canary.get('since', '-')}."
    yield element("p", words, " Paused." if canary.get("paused") else None)
    if canary.get("message"):
        yield element("p", str(canary["message"]))
    yield table(STEP_HEADS, _steps(canary), text_from=4)


def _steps(canary: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Each step of the plan with the results of its gates."""
    now = canary.get("step") or 0
    for at, one in enumerate((canary.get("plan") or {}).get("steps") or (), start=1):
        gates = [
            f"{gate.get('name', '')} {gate.get('verdict', '')}: {gate.get('message', '')}"
            for gate in canary.get("gates") or ()
            if gate.get("step") == at
        ]
        place = "now" if at == now else "done" if at < now else "to come"
        words = " ".join(gates) or ", ".join(map(str, one.get("gates") or ()))
        yield f"{at}", place, str(one.get("replicas") or "as traffic"), f"{one.get('traffic', '-')}%", words
