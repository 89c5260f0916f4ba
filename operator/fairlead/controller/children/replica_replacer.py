"""Deletes the pod of a replica that hangs, once its replacement is recorded, and reports what was done or kept."""

import logging
from datetime import datetime

from fairlead.cluster import kinds
from fairlead.controller.interfaces import ControllerApiClient, ControllerClusterState, EventSink
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status import hung_status
from fairlead.fleet.hung_replicas import HungReplicaDecision, ReplacedReplica

log = logging.getLogger("fairlead.controller")


class ReplicaReplacer:
    """The only one that deletes a replica which could serve."""

    def __init__(self, server: ControllerApiClient, world: ControllerClusterState, events: EventSink) -> None:
        self._server = server
        self._world = world
        self._events = events

    async def carry_out(
        self, observed: DeploymentSnapshot, decision: HungReplicaDecision | None, now: datetime
    ) -> None:
        """Delete at most one pod, and report it, or why none is; call it after the status was written."""
        if decision is None:
            return
        if decision.replaces is not None:
            reported = await self._delete(observed, decision.replaces)
        else:
            reported = decision.reason in hung_status.REPORTED and decision.reason != hung_status.reason(
                observed.status
            )
        if reported:
            owner = {"namespace": observed.owner.namespace, "name_of_object": observed.owner.name}
            log.warning("%s", decision.because, extra=owner | {"reason": decision.reason.value})
            self._events.hung(observed.document, decision.reason, decision.because, now)

    async def _delete(self, observed: DeploymentSnapshot, chosen: ReplacedReplica) -> bool:
        """Delete exactly the pod that was read, if it is the recorded one and still stays; return whether it was."""
        place = observed.owner.namespace, observed.owner.name
        stored = self._world.of(kinds.INFERENCE_DEPLOYMENT).find(*place)
        if stored is None or not hung_status.is_replaced(chosen.uid, stored.get("status") or {}):
            return False
        live = await self._server.read(kinds.POD, observed.owner.namespace, chosen.pod)
        if live is None or live["metadata"]["uid"] != chosen.uid or "deletionTimestamp" in live["metadata"]:
            return False
        version = live["metadata"]["resourceVersion"]
        return await self._server.remove(live, uid=chosen.uid, resource_version=version)
