"""One reconcile of a policy: its status, written if it differs. Policies have no children."""

from datetime import datetime

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import NotFound
from fairlead.controller.reconcile import ReconcileEnvironment
from fairlead.controller.status import deployment_status, shared_objects
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.policies import PolicyRemarks


class SharedObjectReconciler:
    """Reconciles policies, which deployments share."""

    def __init__(self, context: ReviewContext, environment: ReconcileEnvironment) -> None:
        self._context = context
        self._remarks = PolicyRemarks(context)
        self._environment = environment

    async def tick(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:
        """Reconcile one policy: compute its status and write it if it differs."""
        cluster = self._environment.cluster
        document = cluster.of(kinds.AUTOSCALING_POLICY).find(key.namespace, key.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            self._remarks.forget(key.namespace, key.name)
            return ReconcileOutcome(gone=True)
        users = cluster.of(kinds.INFERENCE_DEPLOYMENT).all()
        figures, judged = shared_objects.of_policy(document, users, self._context, self._remarks)
        before, generation = document.get("status") or {}, document["metadata"]["generation"]
        conditions = deployment_status.timed(judged, before, generation, now)
        found = figures | {"observedGeneration": generation, "conditions": conditions}
        if not deployment_status.differs(found, before):
            return ReconcileOutcome()
        try:
            cluster.note(
                await self._environment.client.apply(deployment_status.manifest(document, found), subresource="status")
            )
        except NotFound:
            return ReconcileOutcome()
        for condition in deployment_status.changed(found, before):
            self._environment.events.transition(document, condition, now)
        return ReconcileOutcome()
