"""Whether a start can ever succeed: separates failures that will repeat from those that may pass. Pure.

Will repeat: an invalid image name, an image that the registry does not have or refuses, a Secret or ConfigMap that does
not exist, an engine that ended twice in a row with the same code. May pass: messages of a network, of a time-out, of a
full disk, and an end by SIGKILL or SIGTERM that is no OOM kill.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from fairlead.cluster import pods
from fairlead.controller.pods import pod_troubles
from fairlead.objects import pod_engine
from fairlead.objects.engine_deployment import StartFailures

Manifest = dict[str, Any]

TWICE: Final = 2
TRIES: Final = timedelta(seconds=30)
"""The kubelet pulls again after 10 s and after 20 s more: three tries."""
PASSING: Final = re.compile(
    r"(?i)time[d-]? ?out|connection (refused|reset|error|aborted)|name resolution|no such host|unreachable|"
    r"too ?many ?requests|\b429\b|\b50[0234]\b|service unavailable|tls handshake|unexpected eof|no space left|"
    r"max retries"
)
"""Messages of failures that may be over at the next try."""
UNAVAILABLE_IMAGE: Final = re.compile(
    r"(?i)not ?found|manifest unknown|unauthorized|denied|forbidden|authentication required|does not exist|"
    r"invalid reference|no match for platform"
)
"""A registry's messages for an image that it does not have, or refuses to us."""
AT_ONCE: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
PULLING: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})
BY_OTHERS: Final = frozenset({137, 143})
"""Exit codes of SIGKILL and SIGTERM: by a failed probe, an eviction, a person."""


def impossible(pod: Manifest, now: datetime) -> str:
    """Return why its container can never be created; empty while it may be."""
    for status in pod.get("status", {}).get("containerStatuses") or ():
        waiting = status.get("state", {}).get("waiting") or {}
        reason, words = waiting.get("reason"), str(waiting.get("message") or "")
        tried = now - _placed(pod, now) >= TRIES and not PASSING.search(words)
        if reason in AT_ONCE or (reason in PULLING and tried and UNAVAILABLE_IMAGE.search(words)):
            return f"its image cannot be pulled ({reason})"
        if reason == "CreateContainerConfigError" and tried:
            return "its container cannot be made (CreateContainerConfigError)"
    return ""


def terminal_error(some: Iterable[Manifest], ends: StartFailures | None, now: datetime) -> str:
    """Return why no replica of a revision that never served will ever start; empty while one may."""
    if ends is not None and ends.times >= TWICE:
        return f"its engine exited twice with code {ends.code} ({ends.reason}) before it was ever ready"
    return next((why for pod in some if (why := impossible(pod, now))), "")


def ends(earlier: StartFailures | None, some: Iterable[Manifest]) -> StartFailures | None:
    """Return the recorded ends of its engine, updated from its pods; one pod is tracked at a time."""
    seen = [found for pod in some if (found := _end(pod)) is not None]
    found = next((one for one in seen if earlier and one.pod == earlier.pod), seen[0] if seen else None)
    if found is None or earlier is None:
        return found or earlier
    if found.container == earlier.container or earlier.times >= TWICE:
        return earlier
    same = (found.pod, found.code, found.reason) == (earlier.pod, earlier.code, earlier.reason)
    return StartFailures(
        pod=found.pod, container=found.container, code=found.code, reason=found.reason, times=TWICE if same else 1
    )


def has_ended(pod: Manifest) -> bool:
    """Whether its engine has ended before, for whatever reason."""
    found = _engine(pod)
    return bool(found.get("state", {}).get("terminated") or found.get("lastState", {}).get("terminated"))


def is_in_flight(pod: Manifest) -> bool:
    """Whether its engine runs for the first time, or has passed its startup probe: readiness may come and go then."""
    found = _engine(pod)
    first = "running" in found.get("state", {}) and not has_ended(pod)
    return first or found.get("started") is True


def _engine(pod: Manifest) -> Manifest:
    """Return the status of its engine's container, not that of one which others put beside it."""
    some = pod.get("status", {}).get("containerStatuses") or ()
    return next((one for one in some if one.get("name") == pod_engine.CONTAINER), {})


def _end(pod: Manifest) -> StartFailures | None:
    """Return the last end of its container, if it counts."""
    for status in pod.get("status", {}).get("containerStatuses") or ():
        ended = status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated")
        if status.get("ready") or not ended or "deletionTimestamp" in pod["metadata"]:
            continue
        code, reason = ended.get("exitCode"), str(ended.get("reason", ""))
        killed = code in BY_OTHERS and reason != "OOMKilled"
        if not isinstance(code, int) or killed or PASSING.search(str(ended.get("message") or "")):
            continue
        which = pod_troubles.end_number(status, ended)
        return StartFailures(pod=pod["metadata"]["uid"], container=which, code=code, reason=reason)
    return None


def _placed(pod: Manifest, now: datetime) -> datetime:
    since = pods.condition(pod, "PodScheduled").get("lastTransitionTime") or pod["metadata"].get("creationTimestamp")
    try:
        return datetime.fromisoformat(since) if isinstance(since, str) else now
    except ValueError:
        return now
