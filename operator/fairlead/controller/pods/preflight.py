"""The preflight of a revision, which needs no GPU: which pod runs it, and what its end means. Pure.

It runs only when the last serving replicas would be drained for a revision that never served. Without a clear result it
does not block the rollout; a pod that taints or labels keep off every node is a clear one, since it needs no free GPU.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods import scheduler_message, start_failures
from fairlead.engines.catalogue import ENGINES
from fairlead.objects import labels

LONGEST_S: Final = 600
"""Long enough to pull an image of ten gigabytes, onto a node where the engine needs it."""
AGAIN_S: Final = 5.0
"""How often it is checked: one that takes too long, or finds no node, causes no watch event."""
UNPLACED: Final = timedelta(seconds=30)
_PROGRAM_ENDS: Final = range(1, 126)
"""Exit codes of programs; higher ones mean that the program was not found, or which signal ended it."""
_CRASHES: Final = frozenset({132, 134, 136, 139})
"""Exit codes of SIGILL, SIGABRT, SIGFPE, SIGSEGV: crashes of the program itself."""
_UNSUPPORTED: Final = tuple(one.check_unsupported for one in ENGINES.values() if one.check_unsupported)
"""What images print that are too old for their check."""


class PreflightResult(StrEnum):
    """The result of a preflight."""

    PENDING = "Open"
    PASSED = "Well"
    """No problem was found, or the preflight has no clear result."""
    FAILED = "Fails"


def of(revision: str, found: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the preflight pod of this revision, unless it is being deleted."""
    return tuple(
        one
        for one in found
        if (one["metadata"].get("labels") or {}).get(labels.REVISION) == revision
        and "deletionTimestamp" not in one["metadata"]
    )


def troubled(revision: str, found: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the preflight pod of this revision, unless it succeeded."""
    return tuple(one for one in of(revision, found) if one.get("status", {}).get("phase") != "Succeeded")


def longest_seconds(deadline_seconds: int) -> int:
    """Return how long a preflight may take: at most half the progress deadline, to leave time for the start itself."""
    return max(1, min(LONGEST_S, deadline_seconds // 2))


def answer(found: Sequence[Manifest], longest: int, now: datetime) -> PreflightResult:
    """Return the result from the preflight pods of one revision, of which there is one or none."""
    if not found:
        return PreflightResult.PENDING
    pod = found[0]
    phase = pod.get("status", {}).get("phase")
    if phase in pods.ENDED:
        return PreflightResult.FAILED if phase == "Failed" and _is_refusal(pod) else PreflightResult.PASSED
    if start_failures.impossible(pod, now):
        return PreflightResult.FAILED
    if is_blocked(pod) or unplaceable(pod):
        return PreflightResult.PENDING
    age = now - datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    tired = UNPLACED if pods.unplaced(pod) is not None else timedelta(seconds=longest)
    return PreflightResult.PASSED if age >= tired else PreflightResult.PENDING


def unplaceable(pod: Manifest) -> str:
    """Return the scheduler's message if labels or taints keep it off every node; empty otherwise."""
    message = pods.unplaced(pod) or ""
    return message if scheduler_message.is_by_fields(message) else ""


def is_blocked(pod: Manifest) -> bool:
    """Whether its container cannot be created now, so that an engine's could not be either."""
    waiting = (one.get("state", {}).get("waiting") or {} for one in _statuses(pod))
    return any(one.get("reason") in start_failures.PULLING | {"CreateContainerConfigError"} for one in waiting)


def _is_refusal(pod: Manifest) -> bool:
    for status in _statuses(pod):
        ended = status.get("state", {}).get("terminated") or {}
        code, words = ended.get("exitCode"), str(ended.get("message") or "")
        if code not in _CRASHES and code not in _PROGRAM_ENDS:
            continue
        if not start_failures.PASSING.search(words) and not any(phrase in words for phrase in _UNSUPPORTED):
            return True
    return False


def _statuses(pod: Manifest) -> list[dict[str, Any]]:
    return pod.get("status", {}).get("containerStatuses") or []
