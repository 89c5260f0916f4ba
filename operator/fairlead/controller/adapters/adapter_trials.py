"""Facts about a version on trial: which replicas have it, users' requests to both versions, evaluation answers.

Its next step is decided in `planning.adapter_canary`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.api import kinds as ours
from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import canary_trial, snapshot
from fairlead.controller.adapters import served_adapters
from fairlead.controller.evaluations import questions
from fairlead.controller.evaluations.quality_runs import RevisionSide
from fairlead.controller.pods import canary_samples
from fairlead.controller.pods.canary_samples import CanarySamples, SampledRouter
from fairlead.controller.reconcile import ReconcileEnvironment
from fairlead.controller.status.adapter_status import AdapterObservation
from fairlead.evaluating.progress import Side
from fairlead.fleet.adapters import SEPARATOR, AdapterState
from fairlead.fleet.canaries import CanaryState
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gate_verdicts import EvaluationVerdict, GateVerdict
from fairlead.objects import pod_engine
from fairlead.objects.owner import Owner
from fairlead.planning import adapter_canary
from fairlead.planning.adapter_canary import VersionFacts
from fairlead.review import order_annotation
from fairlead.review.context import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterPods:
    """An adapter with the replicas that should load it."""

    document: Manifest
    observation: AdapterObservation
    pods: Sequence[Manifest]
    kind: EngineKind
    """Of the spec; replicas of an earlier revision may be of another kind."""


class AdapterTrials:
    """The trials of one process."""

    def __init__(self, environment: ReconcileEnvironment) -> None:
        self._environment = environment
        self._samples = CanarySamples(environment.pod_access)

    def forget(self, uid: str) -> None:
        """Drop an adapter that is gone, or has nothing on trial."""
        self._samples.forget(uid)
        self._environment.runs.forget(uid)

    async def facts(self, pods: AdapterPods) -> VersionFacts:
        """Return all inputs of its canary."""
        adapter = pods.observation.adapter
        stored = served_adapters.trial_of(adapter, pods.document)
        candidate = adapter_canary.sides(adapter, stored).candidate
        if adapter.canary is None or candidate is None:
            self.forget(pods.document["metadata"]["uid"])
            return VersionFacts()
        loaded = [
            one
            for one in pods.observation.chosen
            if pods.observation.place(one, candidate).state is AdapterState.LOADED
        ]
        return VersionFacts(
            chosen=len(pods.observation.chosen),
            loaded=len(loaded),
            order=order_annotation.read(pods.document),
            service=await self._service(pods, stored),
            evaluation=self._evaluation(pods, stored),
        )

    async def _service(self, pods: AdapterPods, stored: CanaryState | None) -> GateVerdict | None:
        """Judge users' requests, while the gate of the step depends on them."""
        uid = pods.document["metadata"]["uid"]
        if stored is None or not canary_trial.is_judged(stored):
            self._samples.forget(uid)
            return None
        rows = await self._samples.read(uid, self._routers(pods), stored.revision)
        return canary_trial.service_verdict(rows, stored)

    def _routers(self, pods: AdapterPods) -> list[SampledRouter]:
        """Return routers of the deployment and its gateways."""
        adapter = pods.observation.adapter
        key = ObjectKey(ours.DEPLOYMENT.name, adapter.namespace, adapter.deployment)
        observed = snapshot.observe(self._environment.cluster, key)
        if observed is None:
            return []
        return canary_samples.routers_of(observed, adapter.served_name)

    def _evaluation(self, pods: AdapterPods, stored: CanaryState | None) -> EvaluationVerdict:
        """Judge both versions' answers so far; they are requested in the background."""
        adapter, question = pods.observation.adapter, None
        owner = Owner(namespace=adapter.namespace, name=adapter.name, uid=pods.document["metadata"]["uid"])
        if stored is not None and questions.is_evaluated(stored):
            sides = {Side.BASELINE: _side(pods, stored.stable), Side.CANDIDATE: _side(pods, stored.revision)}
            question = questions.question(owner, stored, sides, adapter.deployment)
        key = questions.evaluation_of(owner.namespace, stored)
        return self._environment.runs.evaluation(owner.uid, key, question)


def _side(adapter_pods: AdapterPods, name: str) -> RevisionSide:
    """Return one version, on the replicas that have it and serve."""
    having = [one for one in adapter_pods.pods if pods.takes_requests(one) and _has(adapter_pods, one, name)]
    shown = (pod_engine.of(one).kind for one in having)
    return RevisionSide(
        revision=name.rpartition(SEPARATOR)[2],
        holder=adapter_pods.document,
        pods=tuple(having),
        kind=next(filter(None, shown), adapter_pods.kind),
        model=name,
    )


def _has(pods: AdapterPods, pod: Manifest, name: str) -> bool:
    place = (pods.observation.reports.get(pod["metadata"]["name"]) or {}).get(name)
    return place is not None and place.state is AdapterState.LOADED
