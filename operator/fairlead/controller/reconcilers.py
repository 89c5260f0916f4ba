"""The reconcilers of all kinds, which share what they reach and what they keep of the cluster."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from fairlead.api import kinds as ours
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.fencing import FencedApiServer
from fairlead.controller.adapters.adapter_reconcile import AdapterReconciler
from fairlead.controller.autoscaler_presence import AutoscalerPresence
from fairlead.controller.evaluations.evaluation_reconcile import EvaluationReconciler
from fairlead.controller.evaluations.item_reads import ItemReads
from fairlead.controller.evaluations.item_sets import ItemSets
from fairlead.controller.evaluations.quality_runs import QualityRuns, RunnerPods
from fairlead.controller.evaluations.work_pods import WorkPods
from fairlead.controller.events import ReconcileEvents
from fairlead.controller.gateways.gateway_reconcile import GatewayReconciler
from fairlead.controller.informers import ControllerInformers
from fairlead.controller.pods.pod_client import PodClient
from fairlead.controller.reconcile import ReconcileEnvironment, Reconciler, ReconcileSettings
from fairlead.controller.reference_cache import ReferenceCache, SteadyReferences
from fairlead.controller.shared_reconcile import SharedObjectReconciler
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey


class ReconcilerAccess(NamedTuple):
    """What reconcilers read and write."""

    api: ApiServer
    server: FencedApiServer
    """Writes only while this process leads."""
    informers: ControllerInformers
    pods: PodClient
    events: ReconcileEvents
    presence: AutoscalerPresence


@dataclass(slots=True, kw_only=True)
class Reconcilers:
    """One for each kind that has children, and one for those that have only a status."""

    deployments: Reconciler
    gateways: GatewayReconciler
    evaluations: EvaluationReconciler
    adapters: AdapterReconciler
    shared: SharedObjectReconciler
    runs: QualityRuns
    """The evaluations that run."""
    pods: PodClient

    async def reconcile(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:
        """Reconcile the object once."""
        match key.kind:
            case ours.DEPLOYMENT.name:
                return await self.deployments.reconcile(key, now)
            case ours.GATEWAY.name:
                return await self.gateways.reconcile(key, now)
            case ours.EVALUATION.name:
                return await self.evaluations.reconcile(key, now)
            case ours.ADAPTER.name:
                return await self.adapters.reconcile(key, now)
        return await self.shared.reconcile(key, now)

    def forget(self, uid: str) -> None:
        """Drop what caches keep of a deleted object, or months of pods would fill the memory."""
        for drop in (self.deployments.forget, self.gateways.forget, self.pods.forget, self.adapters.forget):
            drop(uid)


def made(setting: ReconcileSettings, access: ReconcilerAccess) -> Reconcilers:
    """Make all of them."""
    work = WorkPods(access.server, access.api)
    sets = ItemSets(ItemReads(access.server, work, setting.installation))
    runner_pods = RunnerPods(pods=work, installation=setting.installation)
    runs = QualityRuns(access.server, access.pods, sets, runner_pods)
    environment = ReconcileEnvironment(
        client=access.server,
        cluster=access.informers,
        pod_access=access.pods,
        lookup=SteadyReferences(ReferenceCache(access.api)),
        events=access.events,
        logs=access.api,
        sets=sets,
        runs=runs,
        presence=access.presence,
    )
    return Reconcilers(
        deployments=Reconciler(setting, environment),
        gateways=GatewayReconciler(setting, environment),
        evaluations=EvaluationReconciler(environment, sets),
        adapters=AdapterReconciler(setting, environment),
        shared=SharedObjectReconciler(setting.context, environment),
        runs=runs,
        pods=access.pods,
    )
