"""One reconcile of an adapter: what replicas report of it, and its status, written if it differs.

It loads nothing itself: a deployment's list is among the deployment's children, and loaders follow that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from fairlead.adapting.load_list import LoadList
from fairlead.api import canary_status
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller import canary_trial, next_reconcile
from fairlead.controller.adapters import adapter_pods, deployment_adapters, removed_versions, served_adapters
from fairlead.controller.adapters.adapter_hosts import AdapterHost, AdapterHosts
from fairlead.controller.adapters.adapter_reports import AdapterReports
from fairlead.controller.adapters.adapter_trials import AdapterPods, AdapterTrials
from fairlead.controller.adapters.served_adapters import AdapterReader, ServedAdapters
from fairlead.controller.reconcile import ReconcileEnvironment, ReconcileSettings
from fairlead.controller.status import adapter_status, deployment_status, zero_replicas
from fairlead.controller.status.adapter_status import AdapterObservation
from fairlead.controller.status.status_writer import StatusWrite
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.fleet.adapters import ServedAdapter
from fairlead.fleet.canaries import CanaryState
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import UntimedCondition
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.rollouts import CanaryLimit
from fairlead.planning import adapter_canary
from fairlead.review import canary_gates, deployment_review
from fairlead.review.context import ObjectKey

LOADING_S: Final = 1.0
"""How often loaders are polled while something is not loaded."""
POLLS_PER_SECOND: Final = 50.0
"""Of one deployment's adapters, most: with hundreds of them, each is polled less often."""
LOADED_S: Final = 30.0
"""How often they are polled at rest: engines lose adapters when they end, and their loaders load them again. Also while
there is no replica, since the first one wakes its adapters, and once only a person can change what keeps one out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterOutcome:
    """What to report of an adapter, and when to reconcile it again."""

    figures: Manifest = field(default_factory=dict)
    conditions: tuple[UntimedCondition, ...] = ()
    canary: CanaryState | None = None
    stored: CanaryState | None = None
    """The state so far, by the names that the versions have now."""
    served: bool = True
    """Whether a deployment serves it; if not, nothing is sent to its versions."""
    after_s: float = LOADED_S


class AdapterReconciler:
    """Reconciles adapters."""

    def __init__(self, setting: ReconcileSettings, environment: ReconcileEnvironment) -> None:
        self._setting = setting
        self._environment = environment
        self._reader = AdapterReader()
        self._hosts = AdapterHosts(setting.context)
        self._reports = AdapterReports(environment.pod_access)
        self._trials = AdapterTrials(environment)

    def forget(self, uid: str) -> None:
        """Drop a pod, an adapter or a deployment that is gone."""
        self._reader.forget(uid)
        self._hosts.forget(uid)
        self._reports.forget(uid)
        self._trials.forget(uid)

    async def reconcile(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:
        """Poll its replicas; report where it is loaded, and its canary."""
        cluster = self._environment.cluster
        document = cluster.of(kinds.ADAPTER).find(key.namespace, key.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            return ReconcileOutcome(gone=True)
        found = await self._observed(document, now)
        if not found.served:
            self._trials.forget(document["metadata"]["uid"])
        before, generation = document.get("status") or {}, document["metadata"]["generation"]
        timed = deployment_status.timed(found.conditions, before, generation, now)
        figures = adapter_status.with_versions(found.figures, before)
        await removed_versions.forget_answers(self._environment.client, document, removed_versions.of(before, figures))
        status = figures | {"observedGeneration": generation, "conditions": timed}
        if found.canary is not None:
            status["canary"] = canary_status.written(found.canary)
        write = await self._environment.status.write(document, status, now)
        if write is not StatusWrite.WRITTEN:
            return ReconcileOutcome(after_s=None if write is StatusWrite.GONE else found.after_s)
        if news := canary_trial.news(found.canary, found.stored):
            self._environment.events.step(document, *news, now)
        return ReconcileOutcome(after_s=0.0 if canary_trial.has_moved(found.canary, found.stored) else found.after_s)

    async def _observed(self, document: Manifest, now: datetime) -> AdapterOutcome:
        adapter = self._reader.read(document)
        if adapter is None:
            words = "the object violates the schema of this version; apply its manifest again"
            return _unserved(adapter_status.no(Why.UNREADABLE, words, stalls=True), canary_status.of(document))
        host, revision, refusal = self._deployment(adapter)
        stored, named = served_adapters.trial_of(adapter, document), {"servedName": adapter.served_name}
        if host is None or revision is None:
            return _unserved(refusal, stored, named)
        cluster = self._environment.cluster
        adapters = host.served(cluster, revision, self._reader)
        if taken := _name_taken(adapter, adapters):
            return _unserved(taken, stored, named)
        accepted = host.review.may_start and not deployment_adapters.is_refused(host.document)
        there = adapter_pods.with_loader(cluster.of(kinds.POD).of_deployment(revision.namespace, revision.name))
        listed = host.listed(cluster, revision, self._reader, tuple(one["metadata"]["name"] for one in there))
        observation = replace(await self._seen(adapter, listed, there), accepted=accepted)
        replicas = AdapterPods(document=document, observation=observation, pods=there, kind=revision.engine.kind)
        facts, wrong = await self._trials.facts(replicas), _refusals(adapter)
        follow = adapter_canary.follow if accepted and not wrong else adapter_canary.held
        state = follow(adapter, facts, stored, now)
        if wrong and not _is_same_trial(state, stored):
            state = stored
        limit = adapter_canary.waits(state, facts, now) if state is not None else None
        if limit is not None and (wrong or not accepted):
            words = wrong or adapter_status.not_accepted(adapter.deployment)
            limit = replace(limit, because=words, needs_person=True, wake_at=None)
        judged = adapter_status.conditions(observation)
        if wrong:
            judged = adapter_status.no(Why.REFUSED, wrong, stalls=True)
        return AdapterOutcome(
            figures=adapter_status.figures(observation),
            conditions=(*judged, *adapter_status.progressing(state, limit)),
            canary=state,
            stored=stored,
            after_s=min(_pause(observation, state, len(adapters.served)), _seconds_until(limit, now)),
        )

    def _deployment(
        self, adapter: ServedAdapter
    ) -> tuple[AdapterHost | None, DesiredRevision | None, tuple[UntimedCondition, ...]]:
        """Return its deployment and the revision that serves it, or why none does."""
        cluster, name = self._environment.cluster, adapter.deployment
        document = cluster.of(kinds.INFERENCE_DEPLOYMENT).find(adapter.namespace, name)
        if document is None:
            words = f"spec.deployment: there is no InferenceDeployment {name} in {adapter.namespace}; create it"
            return None, None, adapter_status.no(Why.NOT_FOUND, words, stalls=False)
        host = self._hosts.of(document)
        if host.review.deployment is None:
            words = f"spec.deployment: InferenceDeployment {name} cannot be read; its condition Accepted says why"
            return None, None, adapter_status.no(Why.UNREADABLE, words, stalls=False)
        revision = host.review.deployment.revision
        if revision.engine.lora is None:
            words = (
                f"spec.deployment: replicas of {name} have no slots for adapters; set spec.engine.lora: {{}} there, "
                "which starts new replicas"
            )
            return None, None, adapter_status.no(Why.NO_ADAPTER_SLOTS, words, stalls=True)
        return host, revision, ()

    async def _seen(self, adapter: ServedAdapter, listed: LoadList, there: Sequence[Manifest]) -> AdapterObservation:
        by_name = {one["metadata"]["name"]: one for one in there}
        names = {adapter.engine_name(one) for one in adapter.editions}
        entries = [one for one in listed.entries if one.name in names]
        chosen = tuple(name for name in by_name if any(one.is_for(name) for one in entries))
        reports = await self._reports.read([by_name[one] for one in chosen])
        document = self._environment.cluster.of(kinds.INFERENCE_DEPLOYMENT).find(adapter.namespace, adapter.deployment)
        at_zero = document is not None and zero_replicas.is_at_zero(document)
        return AdapterObservation(adapter=adapter, chosen=chosen, reports=reports, at_zero=at_zero)


def _refusals(adapter: ServedAdapter) -> str:
    """Say what admission refuses of it, which may have been unavailable: its canary could never pass, or begin."""
    plan = adapter.canary
    return (
        "" if plan is None else deployment_review.joined_findings(canary_gates.refusals(plan, canary_gates.OF_ADAPTER))
    )


def _is_same_trial(state: CanaryState | None, stored: CanaryState | None) -> bool:
    """Whether no other trial begins: it would keep the refused plan, also when that is corrected."""
    if state is None or stored is None:
        return state is stored
    return (state.revision, state.stable) == (stored.revision, stored.stable)


def _unserved(
    conditions: tuple[UntimedCondition, ...],
    stored: CanaryState | None,
    figures: Mapping[str, str] = MappingProxyType({}),
) -> AdapterOutcome:
    """Report why no replica serves it now; its canary stays as it is."""
    return AdapterOutcome(figures=dict(figures), conditions=conditions, canary=stored, stored=stored, served=False)


def _pause(observation: AdapterObservation, state: CanaryState | None, adapters: int) -> float:
    """Return the pause in seconds; a canary waits until its adapter is loaded everywhere."""
    if adapter_status.is_loading(observation):
        return min(max(LOADING_S, adapters / POLLS_PER_SECOND), LOADED_S)
    return next_reconcile.CANARY_POLL_S if next_reconcile.is_compared(state) else LOADED_S


def _seconds_until(limit: CanaryLimit | None, now: datetime) -> float:
    if limit is None or limit.wake_at is None:
        return LOADED_S
    return max(0.1, (limit.wake_at - now).total_seconds())


def _name_taken(adapter: ServedAdapter, adapters: ServedAdapters) -> tuple[UntimedCondition, ...]:
    holder = adapters.taken.get(adapter.name)
    if holder is None:
        return ()
    words = f"spec.servedName: {adapter.served_name}: {holder} is served under this name; choose another one"
    return adapter_status.no(Why.ADAPTER_NAME_TAKEN, words, stalls=True)
