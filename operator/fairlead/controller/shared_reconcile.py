"""One reconcile of a policy: its status, written if it differs. Policies have no children."""

from datetime import datetime

from fairlead.cluster import kinds
from fairlead.controller.reconcile import ReconcileEnvironment
from fairlead.controller.status import deployment_status, shared_objects
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.policies import PolicyWarnings


class SharedObjectReconciler:
    """Reconciles policies, which deployments share."""

    def __init__(self, context: ReviewContext, environment: ReconcileEnvironment) -> None:
        self._context = context
        self._remarks = PolicyWarnings(context)
        self._environment = environment

    async def reconcile(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:
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
        await self._environment.status.write(document, found, now)
        return ReconcileOutcome()
