"""Why a pod does not start, from its status and the engine's termination message. Pure.

Messages leave out restart counts, times and process IDs: at rest a message must not change.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from fairlead.cluster import pods
from fairlead.engines import weight_paths
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.failures import FailurePattern
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.plurals import count
from fairlead.fleet.pod_problems import PodProblem
from fairlead.objects import adapter_loader

Manifest = dict[str, Any]

IMAGE: Final = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"})
CONTAINER: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "PreCreateHookError"}
)


FAILURES: Final = tuple(dict.fromkeys(pattern for engine in ENGINES.values() for pattern in engine.failures))
"""Of every kind: a pod does not say which it runs, and no two kinds share a message."""
_NOISE: Final = re.compile(
    r"\d{2,4}-\d{2}(-\d{2})?[ T]\d{2}:\d{2}:\d{2}\S*|\(?pid[= ]\d+\)?|0x[0-9a-f]+", re.IGNORECASE
)
_ELSEWHERE: Final = re.compile(r"\.? See root cause above\..*")
"""Points at lines that a status does not have."""
_FIELDS: Final = {
    weight_paths.MODEL: "spec.model.source",
    weight_paths.DRAFT: "spec.engine.speculation.draft.source",
    "": "spec.engine.adapters",
}
"""Which field names an image, by the start of the folder that it is mounted on."""
_LONGEST: Final = 300
CLEAN_ENDS: Final = {
    0: "exited with code 0",
    137: "was terminated by SIGKILL (code 137)",
    143: "was terminated by SIGTERM (code 143)",
}
"""Exit codes that are no error of the engine's own: it finished, or something else ended it."""
OOM_KILLED: Final = "OOMKilled"
CRASH_LOOP_ENDS: Final = 2
"""How often a container ends until that counts as a crash loop."""


def trouble(pod: Manifest) -> PodProblem | None:
    """Return this pod's problem; None while it may simply need time.

    A pod that is being deleted, or that the kubelet ended for good (evicted, node shut down), has no problem: its
    engine was to end, and Kubernetes makes a replacement. A failed preflight is neither: its container ended by itself,
    and the kubelet gives no reason for the pod.
    """
    status = pod.get("status", {})
    ended_for_good = status.get("phase") in pods.ENDED and (status.get("reason") or status["phase"] == "Succeeded")
    if "deletionTimestamp" in pod["metadata"] or ended_for_good:
        return None
    name = pod["metadata"]["name"]
    for status in containers(pod):
        found = _image(pod, status) or _container(status) or _ended(status) or _not_ready(pod, status)
        if found is not None:
            reason, message = found
            return PodProblem(pod=name, reason=reason, message=message)
    return None


def restart(pod: Manifest, container: str) -> str:
    """Return when the kubelet restarts a container that does not answer; empty if it has no liveness probe.

    A process that hangs may not end on SIGTERM; the kubelet then waits for the pod's grace period.
    """
    found = _probe(pod, container, "livenessProbe")
    if not found:
        return ""
    grace = int(pod["spec"].get("terminationGracePeriodSeconds", 30))
    when = f"after {count(found, 'second')} without an answer"
    return f"the kubelet restarts it {when}, up to {count(grace, 'second')} later"


def _not_ready(pod: Manifest, status: Manifest) -> tuple[ConditionReason, str] | None:
    """A container that was ready since it started and is not now: it started well, so no earlier end explains it."""
    since = (status.get("state", {}).get("running") or {}).get("startedAt")
    ready = pods.condition(pod, "Ready")
    lost = ready.get("status") == "False" and ready.get("lastTransitionTime", "") > (since or "")
    if not (since and lost and status.get("started") and not status.get("ready")):
        return None
    name = str(status.get("name", ""))
    seconds = _probe(pod, name, "readinessProbe")
    silent = f" for {count(seconds, 'second')} or longer" if seconds else ""
    replaced = restart(pod, name) or "nothing restarts it: delete the pod"
    words = f"the engine was ready and has failed its readiness probe{silent}: it hangs or is overloaded"
    return ConditionReason.NOT_READY, f"{words}; {replaced}; see kubectl logs"


def _probe(pod: Manifest, container: str, kind: str) -> int:
    """Return the seconds of failures in a row until a probe has failed; 0 without a probe."""
    found = pod.get("spec", {}).get("containers") or ()
    probes = (one.get(kind) or {} for one in found if one.get("name") == container)
    return next((int(one.get("periodSeconds", 10)) * int(one.get("failureThreshold", 3)) for one in probes if one), 0)


def containers(pod: Manifest) -> Iterator[Manifest]:
    """Yield container statuses, without successful containers of a pod that runs once, as a preflight does."""
    status = pod.get("status", {})
    once = pod.get("spec", {}).get("restartPolicy") == "Never"
    for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        if not (once and (one.get("state", {}).get("terminated") or {}).get("exitCode") == 0):
            yield one


def _image(pod: Manifest, status: Manifest) -> tuple[ConditionReason, str] | None:
    waiting = status.get("state", {}).get("waiting") or {}
    if waiting.get("reason") not in IMAGE:
        return None
    message = _short(waiting.get("message", "")) or waiting["reason"]
    if status.get("name") == adapter_loader.CONTAINER:
        image = status.get("image", "")
        remedy = "check the chart's image and imagePullSecrets, whose Secret must be in this namespace too"
    else:
        image, field = _image_of_weights(pod, message) or (status.get("image", ""), "spec.engine.image and version")
        remedy = f"check {field}, and placement.imagePullSecrets for a private registry"
    return ConditionReason.IMAGE_NOT_PULLED, f"image {image} cannot be pulled: {message}; {remedy}"


def _image_of_weights(pod: Manifest, message: str) -> tuple[str, str] | None:
    """Return the image of a volume that a message names, and its field."""
    spec = pod.get("spec", {})
    references = {one["name"]: one["image"]["reference"] for one in spec.get("volumes") or () if one.get("image")}
    for mount in (one for each in spec.get("containers") or () for one in each.get("volumeMounts") or ()):
        reference = references.get(mount["name"])
        if reference and reference in message:
            place = str(mount["mountPath"])
            return reference, next(field for path, field in _FIELDS.items() if place.startswith(path))
    return None


def _container(status: Manifest) -> tuple[ConditionReason, str] | None:
    waiting = status.get("state", {}).get("waiting") or {}
    if waiting.get("reason") not in CONTAINER:
        return None
    message = _short(waiting.get("message", "")) or waiting["reason"]
    return (
        ConditionReason.CANNOT_START,
        f"the kubelet cannot create the container: {message}; create or correct what it names",
    )


def _ended(status: Manifest) -> tuple[ConditionReason, str] | None:
    """Return the problem of a container that ended, although an engine never should.

    Its last end counts until the container runs again and has passed its startup probe.
    """
    ended = last_end(status)
    if not ended:
        return None
    code, words = ended.get("exitCode"), _last_words(ended.get("message", ""))
    if ended.get("reason") == OOM_KILLED:
        remedy = "its node or container has too little for this model; on CPU raise spec.accelerator.memory"
        return ConditionReason.OUT_OF_MEMORY, f"the kernel killed the engine because memory ran out; {remedy}"
    found = meaning(ended.get("message", ""))
    if found is not None:
        return found.reason, f"the engine exited with code {code}: {words}; {found.remedy}"
    last_words = words or "no last message"
    if code in CLEAN_ENDS:
        return _ended_cleanly(status, f"the engine {CLEAN_ENDS[code]}, and its pod was to go on: {last_words}")
    return ConditionReason.CRASH_LOOP, f"the engine exited with code {code}: {last_words}; kubectl logs shows more"


def last_end(status: Manifest) -> Manifest | None:
    """Return how a container last ended; None once it has run well since."""
    if status.get("ready") or (status.get("started") and "running" in status.get("state", {})):
        return None
    return status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated") or None


def end_number(status: Manifest, ended: Manifest) -> str:
    """Return what distinguishes this end from the next one of the same container."""
    return str(ended.get("containerID") or ended.get("finishedAt") or status.get("restartCount", 0))


def meaning(message: str) -> FailurePattern | None:
    """Return what an engine's message means, as far as we know."""
    return next((one for one in FAILURES if one.words.search(message)), None)


def _ended_cleanly(status: Manifest, words: str) -> tuple[ConditionReason, str]:
    """Report an end that is no crash by its exit code; a crash loop anyway if it happens again."""
    ends = int(status.get("restartCount", 0)) + ("running" not in status.get("state", {}))
    reason = ConditionReason.CRASH_LOOP if ends >= CRASH_LOOP_ENDS else ConditionReason.ENGINE_ENDED
    shown = "kubectl describe pod says whether the kubelet ended it, kubectl logs --previous why"
    return reason, f"{words}; {shown}"


def _last_words(message: str) -> str:
    """Return the last line that is not empty, which is where a traceback names its error."""
    lines = [found for line in message.splitlines() if (found := _ELSEWHERE.sub("", line.strip()))]
    return _short(lines[-1]) if lines else ""


def _short(text: str) -> str:
    """Return one line without what differs between tries."""
    return " ".join(_NOISE.sub("", text).split())[:_LONGEST]
