"""A pod that does one piece of an evaluation's work: created once, checked until it ends, and its log read whole.

Nothing is kept here: the pod's name and fingerprint say what it was made for, so a restarted operator continues with
the existing pod.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fairlead.cluster import kinds, pods
from fairlead.cluster.api_errors import ApiError, RequestRefused
from fairlead.cluster.kinds import Manifest
from fairlead.controller.children.obstacles import obstacle_of
from fairlead.controller.evaluations.work_logs import LogIncomplete, WholeLogs, WorkLogs
from fairlead.controller.interfaces import ControllerApiClient
from fairlead.controller.pods import pod_troubles
from fairlead.evaluating import program_failure
from fairlead.objects import evaluation_pods
from fairlead.objects.evaluation_pods import CONTAINER, RELAY, WorkOwner

ANNOTATOR: Final = "fairlead-evaluation-pods"
"""The field manager of what is written on a pod that runs."""
LONGEST: Final = 160
"""Characters of a pod's message when it failed."""
DISRUPTED: Final = frozenset({"Evicted", "NodeShutdown", "Terminated", "Shutdown", "Preempting", "NodeLost"})
"""Reasons for which a node ends a pod, whatever its program does."""
REFUSED: Final = ("OutOf", "NodeAffinity", "UnexpectedAdmissionError", "VolumeAttachmentLimitExceeded")
"""How reasons begin for which a node refuses a pod that the scheduler gave it, since it had another view of its room;
nothing of it has run."""
ENDING: Final = "it is being deleted, and created again then; if its node is gone, kubectl delete pod --force ends it"
_FIELDS: Final = {
    "DeadlineExceeded": "spec.runner.deadline",
    pod_troubles.OOM_KILLED: "spec.runner.resources.memory",
}
"""What raises the limit by which a runner's program was ended."""
MAX_DISRUPTIONS: Final = 5
"""After as many it stays as it is: a program that fills its node's disk is evicted each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRunning:
    """It has not ended; why it does not start, if that is known."""

    pod: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEnded:
    """It ended well."""

    live: Manifest
    lines: tuple[str, ...] = ()
    """None if its log was read before, or is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFailed:
    """It ended otherwise, or cannot be made."""

    words: str
    live: Manifest | None = None


WorkState = WorkRunning | WorkEnded | WorkFailed


class WorkPods:
    """All of them, through the API server."""

    def __init__(self, client: ControllerApiClient, logs: WholeLogs) -> None:
        self._client = client
        self._logs = WorkLogs(logs)
        self._disruptions: Counter[str] = Counter()
        """By pod and the work that it was made for; a restarted operator counts anew."""

    async def progress(self, owner: WorkOwner, wanted: Manifest, uid_of_read: str = "") -> WorkState:
        """Return how far it is; created if missing, and created anew if it was made for something else.

        `uid_of_read` is the UID of a pod whose log was read before.
        """
        name = wanted["metadata"]["name"]
        live = await self.find(wanted)
        if live is None:
            return await self._created(wanted)
        if not evaluation_pods.belongs(live, owner):
            words = (
                f"pod {name} does not belong to this evaluation; delete or rename it, so that the evaluation's pod can "
                "be created"
            )
            return WorkFailed(words=words)
        if "deletionTimestamp" in live["metadata"]:
            return WorkRunning(pod=name, why=ENDING)
        if not evaluation_pods.is_same_work(live, wanted):
            await self.remove(live)
            return WorkRunning(pod=name)
        if (why := await self._begun_again(live)) is not None:
            return WorkRunning(pod=name, why=why)
        return await self._state(live, uid_of_read)

    async def _begun_again(self, live: Manifest) -> str | None:
        """Remove a pod that its node ended or refused, so that it is created again; return why, None for any other."""
        about, reason = live["metadata"], _disruption(live)
        work = (about.get("annotations") or {}).get(evaluation_pods.FINGERPRINT, "")
        key = f"{about['namespace']}/{about['name']} {work}"
        if not reason or self._disruptions[key] >= MAX_DISRUPTIONS:
            return None
        await self.remove(live)
        self._disruptions[key] += 1
        verb = "refused" if reason.startswith(REFUSED) else "ended"
        return f"its node {verb} the pod ({reason}); restart {self._disruptions[key]} of {MAX_DISRUPTIONS}"

    async def _created(self, wanted: Manifest) -> WorkState:
        """Create it; what a quota or a policy refuses is shown, and tried again at the next check."""
        try:
            await self._client.apply(wanted)
        except RequestRefused as problem:
            return WorkFailed(words=obstacle_of(problem).message)
        return WorkRunning(pod=wanted["metadata"]["name"])

    async def find(self, wanted: Manifest) -> Manifest | None:
        """Return the pod of that name, of any owner."""
        about = wanted["metadata"]
        return await self._client.read(kinds.POD, about["namespace"], about["name"])

    async def annotate(self, live: Manifest, annotations: Mapping[str, str]) -> None:
        """Write what may change while it runs, and nothing else: it was perhaps made by another release."""
        head = {one: live["metadata"][one] for one in ("name", "namespace", "uid")}
        noted = {"apiVersion": "v1", "kind": "Pod", "metadata": head | {"annotations": dict(annotations)}}
        await self._client.apply(noted, manager=ANNOTATOR)

    async def remove(self, live: Manifest) -> None:
        """Delete a pod."""
        await self._client.remove(live, uid=live["metadata"]["uid"])

    async def works(self, live: Manifest) -> bool:
        """Whether a pod has begun to work and nothing is wrong with it; or has ended well."""
        state = await self._state(live, live["metadata"]["uid"])
        begun = (live.get("status") or {}).get("phase") == "Running" and "deletionTimestamp" not in live["metadata"]
        return isinstance(state, WorkEnded) or (isinstance(state, WorkRunning) and begun and not state.why)

    async def _state(self, live: Manifest, uid_of_read: str) -> WorkState:
        """Judge by the container that does the work: its sidecar may still run."""
        about, status = live["metadata"], live.get("status") or {}
        ended = _ended(live)
        if ended is not None and ended.get("exitCode") == 0:
            return WorkEnded(live=live) if about["uid"] == uid_of_read else await self._read(live)
        if ended is not None or status.get("phase") in pods.ENDED:
            cause = _cause(live, ended or {})
            return WorkFailed(words=f"pod {about['name']} failed: {cause}", live=live)
        unplaced, problem = pods.unplaced(live), pod_troubles.trouble(live)
        if status.get("phase") == "Running" and _is_of_runner(live):
            await self._note_beginning(live)
        return WorkRunning(pod=about["name"], why=unplaced or (problem.message if problem else ""))

    async def lines(self, wanted: Manifest) -> tuple[str, ...]:
        """Return what a working pod has printed so far, as far as that can be read."""
        try:
            return await self._logs.lines(wanted["metadata"])
        except ApiError:
            return ()

    async def _note_beginning(self, live: Manifest) -> None:
        """A log that cannot be read now is read at the next check."""
        with suppress(ApiError):
            await self._logs.note_beginning(live)

    async def _read(self, live: Manifest) -> WorkState:
        name = live["metadata"]["name"]
        try:
            lines = await self._logs.all_lines(live)
        except ApiError as problem:
            return WorkRunning(pod=name, why=f"its log cannot be read: {problem}"[:LONGEST])
        except LogIncomplete as problem:
            return WorkFailed(words=f"pod {name}: {problem}", live=live)
        return WorkEnded(live=live, lines=lines)


def _disruption(live: Manifest) -> str:
    """Return why the cluster ended it, before its work was done; empty if it did not."""
    status, ended = live.get("status") or {}, _ended(live) or {}
    if status.get("phase") != "Failed" or ended.get("exitCode") == 0:
        return ""
    if (reason := str(status.get("reason") or "")) in DISRUPTED or reason.startswith(REFUSED):
        return reason
    conditions = status.get("conditions") or ()
    by_cluster = (one for one in conditions if one.get("type") == "DisruptionTarget" and one.get("status") == "True")
    return next((str(one.get("reason") or "DisruptionTarget") for one in by_cluster), "")


def _cause(live: Manifest, ended: Manifest) -> str:
    """Return what ended it from outside, if anything did, and its own last words, which say nothing of that."""
    status, own = live.get("status") or {}, str(ended.get("message") or "")
    outside = str(status.get("message") or "") if status.get("reason") else ""
    if ended.get("reason") == pod_troubles.OOM_KILLED:
        outside = f"its memory ran out, of which it may use {_memory(live, str(ended['container']))}"
    if not outside:
        own = own or str(status.get("message") or ended.get("reason") or "no word")
        return program_failure.cause(own, LONGEST)
    field = _FIELDS.get(str(status.get("reason") or ended.get("reason"))) if _is_of_runner(live) else None
    last = f"; its last output: {program_failure.cause(own, LONGEST)}" if own.strip() else ""
    return f"{outside}{f'; raise {field}' if field else ''}{last}"


def _is_of_runner(live: Manifest) -> bool:
    return any(one.get("name") == RELAY for one in live["spec"].get("initContainers") or ())


def _memory(live: Manifest, container: str) -> str:
    every = (*(live["spec"].get("initContainers") or ()), *(live["spec"].get("containers") or ()))
    own: Manifest = next((one for one in every if one.get("name") == container), {})
    return str(((own.get("resources") or {}).get("limits") or {}).get("memory") or "what its node has")


def _ended(live: Manifest) -> Manifest | None:
    """Return how its working container ended, or one that had to end well before it; None while none has."""
    status = live.get("status") or {}
    ends = {
        one["name"]: {"container": one["name"], **end} if (end := (one.get("state") or {}).get("terminated")) else {}
        for kind in ("initContainerStatuses", "containerStatuses")
        for one in status.get(kind) or ()
    }
    if found := ends.pop(CONTAINER, None):
        return dict(found)
    return next((dict(one) for name, one in ends.items() if name != RELAY and one.get("exitCode")), None)
