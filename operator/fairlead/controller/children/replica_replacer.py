"""Deletes the pod of a replica that hangs, once its replacement is recorded, and reports what was done or kept."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError, RequestRefused, Unreachable
from fairlead.cluster.kinds import Manifest
from fairlead.controller.children.obstacles import obstacle_of
from fairlead.controller.interfaces import ControllerApiClient, ControllerClusterState, EventSink
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status import hung_status
from fairlead.fleet.hung_replicas import HungReplicaDecision, HungReplicaReason, ReplacedReplica

ENDS_IN_S: Final = 30
"""The grace period of a pod whose engine hangs: it has no stream to finish, and keeps its GPU until it has ended."""
AGAIN: Final = timedelta(minutes=5)
"""How long a refused deletion is not tried again: a policy or a right may change at any time."""
LONGEST: Final = 600
"""Characters of a refusal; a policy's message may be long, and the status has room for some more."""

FAILED: Final = 500
"""How API servers answer while a policy's webhook with failurePolicy Fail is down, and when their store is slow."""
WEBHOOK: Final = "failed calling webhook"
"""In the message only in the first case, which lasts until a person acts."""

log = logging.getLogger("fairlead.controller")


class _RefusedDeletion(NamedTuple):
    at: datetime
    because: str
    decision: HungReplicaDecision
    """The decision to delete it, with its own words."""


class ReplicaReplacer:
    """The only one that deletes a replica which could serve."""

    def __init__(self, client: ControllerApiClient, cluster: ControllerClusterState, events: EventSink) -> None:
        self._client = client
        self._cluster = cluster
        self._events = events
        self._refused: dict[str, _RefusedDeletion] = {}
        """By the pod's UID; without it, as after a restart, the deletion is only tried again at once."""
        self._unanswered: set[str] = set()
        """UIDs of pods whose last deletion got no answer in time."""
        self._unrecorded: dict[str, HungReplicaDecision] = {}
        """By the deployment's UID: a retry that deleted a pod, and that the status does not list yet."""

    def unless_refused(
        self, observed: DeploymentSnapshot, decision: HungReplicaDecision | None, now: datetime
    ) -> HungReplicaDecision | None:
        """Return the decision, or that its pod stays: after a refusal its deletion is tried again once in a while.

        First of all what a retry deleted is recorded, so that it is waited for and counted like any other.
        """
        done = self._unrecorded.get(observed.owner.uid)
        if done is not None and done.replaces is not None:
            if not hung_status.is_replaced(done.replaces.uid, observed.status):
                return done
            self._unrecorded.pop(observed.owner.uid)
        found = self._refused.get(decision.replaces.uid) if decision is not None and decision.replaces else None
        if decision is None or found is None:
            return decision
        waits = found.at <= now < found.at + AGAIN  # a refusal in the future is of a clock that was set back since
        again = None if waits else decision.replaces
        return replace(decision, reason=HungReplicaReason.DELETION_REFUSED, because=found.because, replaces=again)

    def is_unrecorded(self, observed: DeploymentSnapshot, uid: str) -> bool:
        """Whether a retry deleted the pod with this UID, and the status does not list it yet."""
        done = self._unrecorded.get(observed.owner.uid)
        return done is not None and done.replaces is not None and done.replaces.uid == uid

    def forget(self, uid: str) -> None:
        """Drop what is kept of a pod or a deployment that is gone."""
        self._refused.pop(uid, None)
        self._unanswered.discard(uid)
        self._unrecorded.pop(uid, None)

    async def carry_out(
        self, observed: DeploymentSnapshot, decision: HungReplicaDecision | None, now: datetime
    ) -> None:
        """Delete at most one pod, and report it, or why none is; call it after the status was written."""
        if decision is None:
            return
        if decision.replaces is None:
            stored = hung_status.reason(observed.status)
            reported = decision.reason in hung_status.REPORTED and decision.reason != stored
        else:
            replaced = decision.replaces
            if (refused := self._refused.get(replaced.uid)) is not None:
                decision = replace(refused.decision, replaces=replaced)
            reported = await self._delete_unless_refused(observed, decision, replaced, now)
        if reported:
            owner = {"namespace": observed.owner.namespace, "name_of_object": observed.owner.name}
            log.warning("%s", decision.because, extra=owner | {"reason": decision.reason.value})
            self._events.hung(observed.document, decision.reason, decision.because, now)

    async def _delete_unless_refused(
        self, observed: DeploymentSnapshot, decision: HungReplicaDecision, replaced: ReplacedReplica, now: datetime
    ) -> bool:
        """Delete it; return whether it was. A refusal is kept for the next reconcile, which reports it in the status.

        Its first deletion needs a record in the status; a retry, which is likely refused too, is recorded afterwards.
        """
        retried = replaced.uid in self._refused
        live = await self._stays(observed, replaced) if retried or self._is_recorded(observed, replaced) else None
        if live is None:
            return False
        try:
            deleted = await self._delete(live)
        except ApiError as problem:
            if not (_lasts(problem) or self._is_unanswered_again(replaced.uid, problem)):
                raise
            self._refused[replaced.uid] = _RefusedDeletion(now, _because(replaced, problem), decision)
            return False
        if deleted and retried:
            self._unrecorded[observed.owner.uid] = decision
            self._refused.pop(replaced.uid)
        return deleted

    def _is_unanswered_again(self, uid: str, error: ApiError) -> bool:
        """Whether two deletions of a pod in a row got no answer in time, as while webhooks hang one after another."""
        timed_out, before = isinstance(error, Unreachable) and error.timed_out, uid in self._unanswered
        if timed_out:
            self._unanswered.add(uid)
        else:
            self._unanswered.discard(uid)
        return timed_out and before

    def _is_recorded(self, observed: DeploymentSnapshot, replaced: ReplacedReplica) -> bool:
        stored = self._cluster.of(kinds.INFERENCE_DEPLOYMENT).find(observed.owner.namespace, observed.owner.name)
        return stored is not None and hung_status.is_replaced(replaced.uid, stored.get("status") or {})

    async def _stays(self, observed: DeploymentSnapshot, replaced: ReplacedReplica) -> Manifest | None:
        """Return exactly the pod that was chosen, if it still stays."""
        live = await self._client.read(kinds.POD, observed.owner.namespace, replaced.pod)
        stays = live is not None and live["metadata"]["uid"] == replaced.uid
        return live if live is not None and stays and "deletionTimestamp" not in live["metadata"] else None

    async def _delete(self, live: Manifest) -> bool:
        """Delete exactly this pod; return whether it was."""
        # Never 0, with which the API server would drop the pod while its process may still run.
        grace = max(1, min(ENDS_IN_S, int(live["spec"].get("terminationGracePeriodSeconds", ENDS_IN_S))))
        uid, version = live["metadata"]["uid"], live["metadata"]["resourceVersion"]
        return await self._client.remove(live, uid=uid, resource_version=version, grace_seconds=grace)


def _lasts(error: ApiError) -> bool:
    """Whether the API server will likely answer the same again until a person acts."""
    webhook_fails = error.status == FAILED and WEBHOOK in error.message
    return isinstance(error, RequestRefused) or webhook_fails


def _because(replaced: ReplacedReplica, error: ApiError) -> str:
    if isinstance(error, RequestRefused):
        found, remedy = obstacle_of(error).message, "allow it, or delete the pod yourself"
    elif isinstance(error, Unreachable) and error.timed_out:
        found = "the API server gave no answer to the deletion of its pod, twice in a row"
        remedy = "see which policy's webhook hangs; the deletion is tried again every 5 minutes"
    else:
        found = f"the API server failed to delete its pod (status {error.status}): {error.message}"
        remedy = "repair what it names; the deletion is tried again every 5 minutes"
    return f"{f'pod {replaced.pod} hangs and is not replaced: {found}'[:LONGEST]}; {remedy}"
