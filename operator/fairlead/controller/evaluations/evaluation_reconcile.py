"""One reconcile of an evaluation: its items are read, and its status is written if it differs."""

from datetime import datetime
from typing import Final

from fairlead.cluster import kinds
from fairlead.controller.evaluations.item_sets import ItemSets
from fairlead.controller.reconcile import ReconcileEnvironment
from fairlead.controller.status import deployment_status, evaluation_status
from fairlead.controller.status.status_writer import StatusWrite
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey

AGAIN_S: Final = 15.0
"""How often its ConfigMap, which no informer watches, is read again."""
READING_S: Final = 2.0
"""How often the pod that reads its items is checked."""


class EvaluationReconciler:
    """Reconciles evaluations, which canaries of many deployments may name."""

    def __init__(self, environment: ReconcileEnvironment, sets: ItemSets) -> None:
        self._environment = environment
        self._sets = sets

    async def reconcile(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:
        """Read its items and report them."""
        cluster = self._environment.cluster
        document = cluster.of(kinds.EVALUATION).find(key.namespace, key.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            self._sets.forget(key)
            return ReconcileOutcome(gone=True)
        items = await self._sets.read(key, document)
        again = ReconcileOutcome(after_s=READING_S if items.is_being_read else AGAIN_S)
        before, generation = document.get("status") or {}, document["metadata"]["generation"]
        fleet = (*cluster.of(kinds.INFERENCE_DEPLOYMENT).all(), *cluster.of(kinds.ADAPTER).all())
        status = evaluation_status.figures(document, items, fleet) | {
            "observedGeneration": generation,
            "conditions": deployment_status.timed(evaluation_status.conditions(items), before, generation, now),
        }
        gone = await self._environment.status.write(document, status, now) is StatusWrite.GONE
        return ReconcileOutcome() if gone else again
