"""How old a status is, and whether an operator still keeps it up to date, by the Lease that one of them holds. Pure.

An object's status stays `Ready` after the last operator is gone; only the Lease shows that none reconciles it.
"""

from datetime import UTC, datetime
from typing import Any, Final

SLACK_S: Final = 15.0
"""Tolerance, since the clocks of two machines differ."""
MANAGER: Final = "fairlead-controller"


def is_fresh(decided_at: float, now: float) -> bool:
    """Whether a decision is so recent that the process that took it must still run."""
    return now - decided_at < 2 * SLACK_S


def sentence(lease: dict[str, Any] | None, place: str, document: dict[str, Any], now: float) -> str:
    """Say how current the status is, by the Lease, which is None if there is none."""
    written = _written(document)
    status = "the status was never written" if written is None else f"the status was last changed {_ago(written, now)}"
    trouble = _trouble(lease, place, now)
    if trouble:
        namespace = place.partition("/")[0]
        return (
            f"No operator is at work: {trouble}; {status}.\nEngines and routers go on by themselves. "
            f"See `kubectl get pods -n {namespace} -l app.kubernetes.io/name=fairlead`."
        )
    spec = (lease or {}).get("spec") or {}
    renewed = moment(spec.get("renewTime")) or now
    who = f"{spec['holderIdentity']} renewed the Lease {place} {_ago(renewed, now)}"
    lag = _unprocessed(document)
    if lag:
        namespace = place.partition("/")[0]
        logs = f"See `kubectl logs -n {namespace} -l app.kubernetes.io/name=fairlead` if that lasts."
        return f"{_capital(status)}; {who}.\n{lag}. {logs}"
    return f"{_capital(status)}; {who}, so it is current."


def unseen(document: dict[str, Any], why: str, now: float) -> str:
    """Say the same if the Lease may not be read."""
    written = _written(document)
    status = "The status was never written" if written is None else f"The status was last changed {_ago(written, now)}"
    return f"{status}; whether an operator keeps it up to date is not known: {why}"


def _trouble(lease: dict[str, Any] | None, place: str, now: float) -> str:
    if lease is None:
        return f"there is no Lease {place}"
    spec = lease.get("spec") or {}
    renewed = moment(spec.get("renewTime"))
    since = "" if renewed is None else f" since {_ago(renewed, now)}"
    if not spec.get("holderIdentity"):
        return f"no process holds the Lease {place}{since}"
    late = renewed is None or now - renewed > float(spec.get("leaseDurationSeconds") or 0) + SLACK_S
    return f"{spec['holderIdentity']} has not renewed the Lease {place}{since}" if late else ""


def _unprocessed(document: dict[str, Any]) -> str:
    """Return what the status lacks although an operator is at work; empty: nothing."""
    generation, status = document["metadata"].get("generation"), document.get("status") or {}
    if not status:
        return "The last change is not processed: no status was written yet"
    seen = status.get("observedGeneration")
    if isinstance(generation, int) and isinstance(seen, int) and seen < generation:
        return f"The last change is not processed: the status is of generation {seen}, the object at {generation}"
    return ""


def _written(document: dict[str, Any]) -> float | None:
    """Return when the controller last changed the status, by the object's `managedFields`."""
    entries = document["metadata"].get("managedFields") or ()
    ours = [one for one in entries if one.get("subresource") == "status" and one.get("manager") == MANAGER]
    return max((at for one in ours if (at := moment(one.get("time"))) is not None), default=None)


def moment(text: object) -> float | None:
    """Convert a timestamp of an object to seconds since the epoch."""
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except ValueError:
        return None


def _ago(moment: float, now: float) -> str:
    """Return `40 s ago`, or `3 h ago, at 2026-11-20 12:00:05 UTC`."""
    seconds = max(0.0, now - moment)
    if seconds < 100:
        return f"{seconds:.0f} s ago"
    spelt = f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"
    return f"{spelt} ago, at {datetime.fromtimestamp(moment, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
