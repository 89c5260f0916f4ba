"""Why an engine ended, from its log, if its termination message does not say: which end, and which line. Pure.

An engine may run as several processes. The one that fails logs its error first; the one that Kubernetes watches ends
last and says only that another failed, in a traceback longer than a termination message may be.
"""

import copy
import re
from dataclasses import dataclass
from typing import Final

from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods import pod_troubles

_ERROR: Final = re.compile(r"\b(ERROR|CRITICAL|FATAL)\b|\b\w*(Error|Exception)\b")
"""Matches a line with an error, but not a line of an access log that happens to contain 404."""
_RAISED: Final = re.compile(r"(?:\b\w+\.)*\b\w*(?:Error|Exception): \S.*")
"""An exception and its message, without what the log puts before them."""
_ELSEWHERE: Final = re.compile(r"(?i)root cause")
"""In messages that leave the reason to another line."""


@dataclass(frozen=True, slots=True)
class UnexplainedEnd:
    """An end of a container whose reason only its log may give."""

    pod: str
    """Its UID."""
    container: str
    number: str
    """Distinguishes this end from the container's next one."""
    previous: bool
    """The container was started again, so the log is that of the previous one."""


def unexplained(pod: Manifest) -> UnexplainedEnd | None:
    """Return the last end of a container that neither the kubelet nor its termination message explains."""
    if "deletionTimestamp" in pod["metadata"]:
        return None
    for status in pod_troubles.containers(pod):
        ended = pod_troubles.last_end(status)
        if ended and not _is_explained(ended):
            number = pod_troubles.end_number(status, ended)
            previous = "terminated" not in status.get("state", {})
            return UnexplainedEnd(pod["metadata"]["uid"], str(status.get("name", "")), number, previous)
    return None


def cause(log: str) -> str:
    """Return the line with the reason; empty if there is none.

    The last line whose meaning we know, else the last exception: programs may log errors that they recovered from.
    """
    lines = [line for line in log.splitlines() if _ERROR.search(line) and not _ELSEWHERE.search(line)]
    matched = next((line for line in reversed(lines) if pod_troubles.meaning(line) is not None), "")
    raised = [found[0] for line in ([matched] if matched else lines) if (found := _RAISED.search(line))]
    return raised[-1] if raised else matched


def with_cause(pod: Manifest, end: UnexplainedEnd, words: str) -> Manifest:
    """Return a copy of the pod as if its engine's termination message ended with that line."""
    found = copy.deepcopy(pod)
    for status in pod_troubles.containers(found):
        ended = pod_troubles.last_end(status)
        if ended and status.get("name", "") == end.container:
            ended["message"] = f"{ended.get('message') or ''}\n{words}"
    return found


def _is_explained(ended: Manifest) -> bool:
    """Whether the kernel's OOM kill, a clean exit code or a known message explains it."""
    if ended.get("reason") == pod_troubles.OOM_KILLED or ended.get("exitCode") in pod_troubles.CLEAN_ENDS:
        return True
    return pod_troubles.meaning(ended.get("message") or "") is not None
