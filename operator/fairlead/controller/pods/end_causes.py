"""Why an engine ended, from its log, where its termination message does not say: which end, and which line. Pure.

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
"""What a line of an error has, and a line of an access log that happens to say 404 has not."""
_RAISED: Final = re.compile(r"(?:\b\w+\.)*\b\w*(?:Error|Exception): \S.*")
"""An exception and its message, without what the log puts before them."""
_ELSEWHERE: Final = re.compile(r"(?i)root cause")
"""In messages that leave the reason to another line."""


@dataclass(frozen=True, slots=True)
class UnexplainedEnd:
    """A container's end of which only its log may say why."""

    pod: str
    """Its UID."""
    container: str
    number: str
    """Distinguishes this end from the container's next one."""
    previous: bool
    """The container was started again, so the log is that of the previous one."""


def unexplained(pod: Manifest) -> UnexplainedEnd | None:
    """The last end of a container that neither the kubelet nor its termination message explains."""
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
    """The line that says why; empty where none does.

    Of lines whose meaning we know the last, else the last exception: programs may log errors that they got over.
    """
    lines = [line for line in log.splitlines() if _ERROR.search(line) and not _ELSEWHERE.search(line)]
    matched = next((line for line in reversed(lines) if pod_troubles.meaning(line) is not None), "")
    raised = [found[0] for line in ([matched] if matched else lines) if (found := _RAISED.search(line))]
    return raised[-1] if raised else matched


def with_cause(pod: Manifest, end: UnexplainedEnd, words: str) -> Manifest:
    """The pod as if its engine's termination message ended with that line; the one that is stored stays as it is."""
    found = copy.deepcopy(pod)
    for status in pod_troubles.containers(found):
        ended = pod_troubles.last_end(status)
        if ended and status.get("name", "") == end.container:
            ended["message"] = f"{ended.get('message') or ''}\n{words}"
    return found


def _is_explained(ended: Manifest) -> bool:
    """By the kernel, by whoever ended it, or by words that we know."""
    if ended.get("reason") == pod_troubles.OOM_KILLED or ended.get("exitCode") in pod_troubles.CLEAN_ENDS:
        return True
    return pod_troubles.meaning(ended.get("message") or "") is not None
