"""One reconcile of one InferenceDeployment: observe, plan, apply, report.

Level-triggered and stateless: everything a later reconcile needs is written on objects. Caches here only save work;
without them, objects are read and reviewed again.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from fairlead.api import canary_status
from fairlead.api import kinds as ours
from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import (
    canary_trial,
    desired_state,
    next_reconcile,
    router_moves,
    router_settings,
    router_sides,
    snapshot,
)
from fairlead.controller.adapters import deployment_adapters
from fairlead.controller.autoscaler_presence import AutoscalerPresence
from fairlead.controller.children import change_reports
from fairlead.controller.children.applier import Applier
from fairlead.controller.children.change_reports import OnForeignChange
from fairlead.controller.children.http_routes import RouteApplier
from fairlead.controller.children.obstacles import StillTerminating
from fairlead.controller.children.pre_pull import PrePullApplier
from fairlead.controller.children.replica_replacer import ReplicaReplacer
from fairlead.controller.children.restorer import OnForeignDeletion, Restorer, RestoreResult
from fairlead.controller.children.sleep_switch import SleepSwitch
from fairlead.controller.desired_state import DesiredState
from fairlead.controller.evaluations import questions
from fairlead.controller.evaluations.item_sets import ItemSets
from fairlead.controller.evaluations.quality_runs import QualityRuns
from fairlead.controller.gateways.gateway_reader import GatewayReader
from fairlead.controller.interfaces import (
    ControllerApiClient,
    ControllerClusterState,
    EventSink,
    PodAccess,
    ReferenceLookup,
)
from fairlead.controller.pods import canary_samples, hung_pods, kept_images, pod_facts, preemptions
from fairlead.controller.pods.canary_samples import CanarySamples
from fairlead.controller.pods.log_reader import ContainerLogs, LogReader
from fairlead.controller.pods.node_facts import RoomReader
from fairlead.controller.pods.start_times import StartTimes
from fairlead.controller.pods.uncreated_pods import UncreatedPods
from fairlead.controller.reconcile_facts import ApplyResult, ReconcileFacts
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status import deployment_status, pre_pull_status, route_conditions
from fairlead.controller.status.status_inputs import StatusInputs
from fairlead.controller.status.status_writer import StatusWrite, StatusWriter
from fairlead.controller.status.tenant_use import TenantUsage
from fairlead.controller.taken_steps import taken_by_cluster
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.engines import catalogue as engines
from fairlead.fleet.conditions import UntimedCondition
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gate_verdicts import EvaluationVerdict
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment
from fairlead.fleet.request_samples import RequestSample
from fairlead.objects import http_routes, revisions
from fairlead.objects.installation import Installation
from fairlead.planning.router_move import MovePhase, RouterMove
from fairlead.review import deployment_review, policies, references, speculation_switch
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.deployment_review import DeploymentReview

MAX_CACHED_REVIEWS: Final = 128
"""A review takes a millisecond and its cache entry 70 kB; an object at rest is reconciled every ten minutes."""

log = logging.getLogger("fairlead.controller")


@dataclass(frozen=True, kw_only=True)
class ReconcileSettings:
    """Settings that do not change while the process runs."""

    context: ReviewContext
    installation: Installation
    nodes_grow: bool = False
    """Nodes are added on demand, so no replica is held back for lack of room."""
    gateway_api: bool = False
    """HTTPRoutes are watched and may be written."""


@dataclass(frozen=True, kw_only=True)
class ReconcileEnvironment:
    """The interfaces through which a reconcile reads and writes."""

    client: ControllerApiClient
    cluster: ControllerClusterState
    pod_access: PodAccess
    lookup: ReferenceLookup
    events: EventSink
    logs: ContainerLogs
    sets: ItemSets
    runs: QualityRuns
    presence: AutoscalerPresence = field(default_factory=AutoscalerPresence)

    @property
    def status(self) -> StatusWriter:
        """Writes the status of any object."""
        return StatusWriter(client=self.client, cluster=self.cluster, events=self.events)


class GenerationReview(NamedTuple):
    """The review of one generation of a spec, and the children built from it for one step of a router move."""

    generation: int
    guesses: bool
    review: DeploymentReview
    built_for: tuple[RouterMove, float | None, str | None] | None = None
    """The step of the move, the time-to-first-token objective, and the operator's key to the routers."""
    static: tuple[Manifest, ...] = ()


class Reconciler:
    """Observes, plans, applies and reports InferenceDeployments."""

    def __init__(self, setting: ReconcileSettings, environment: ReconcileEnvironment) -> None:
        self._settings = setting
        self._client = environment.client
        self._cluster = environment.cluster
        self._pod_access = environment.pod_access
        self._lookup = environment.lookup
        self._events = environment.events
        self._status = environment.status
        self._presence = environment.presence
        self._logs = LogReader(environment.logs)
        self._applier = Applier(environment.client, environment.cluster)
        self._routes = RouteApplier(environment.client, environment.cluster, self._applier)
        self._pre_pull = PrePullApplier(environment.client, environment.cluster, self._applier)
        self._replacer = ReplicaReplacer(environment.client, environment.cluster, environment.events)
        self._restorer = Restorer(environment.client, environment.cluster, self._applier, self._replacer.is_unrecorded)
        self._sleep_switch = SleepSwitch(environment.pod_access, self._applier)
        self._gateways = GatewayReader()
        self._samples = CanarySamples(environment.pod_access)
        self._runs = environment.runs
        self._reviews: OrderedDict[str, GenerationReview] = OrderedDict()
        self._rooms = RoomReader(environment.cluster, nodes_grow=setting.nodes_grow)
        self._starts = StartTimes()
        self._uncreated = UncreatedPods()
        self._usage = TenantUsage()

    async def reconcile(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:
        """Bring one deployment a step closer to its spec, and write its status."""
        observed = snapshot.observe(self._cluster, key)
        if observed is None:
            self._restorer.forget(key)
            return ReconcileOutcome(gone=True)
        restored = await self._restorer.restore(observed, self._foreign(observed, now), self._deleted(observed, now))
        facts = await self._observe(restored.observed, now)
        decision = self._plan(facts)
        try:
            result = await self._apply(facts, decision, restored)
        except StillTerminating as wait:
            log.info("waiting: %s", wait, extra=_extra(facts.observed))
            return ReconcileOutcome(after_s=next_reconcile.TERMINATING_POLL_S)
        self._report_step(facts, decision)
        if result.obstacle is None and not desired_state.is_settled(decision.plan):
            return ReconcileOutcome(after_s=0.0)
        inputs = await self._status_inputs(facts, decision, result)
        if await self._report(facts, inputs) is StatusWrite.GONE:
            return ReconcileOutcome()
        await self._replacer.carry_out(facts.observed, inputs.hung, now)
        return next_reconcile.outcome(facts, decision, result, self._uncreated.due_s(facts.observed, now))

    def forget(self, uid: str) -> None:
        """Drop all that is cached of a deleted deployment, child or pod."""
        self._reviews.pop(uid, None)
        self._starts.forget(uid)
        self._logs.forget(uid)
        self._applier.forget(uid)
        self._gateways.forget(uid)
        self._sleep_switch.forget(uid)
        self._samples.forget(uid)
        self._uncreated.forget(uid)
        self._usage.forget(uid)
        self._replacer.forget(uid)
        self._runs.forget(uid)

    async def _observe(self, stored: DeploymentSnapshot, now: datetime) -> ReconcileFacts:
        """Review the object, and read what its pods, routers and nodes report."""
        observed = await self._logs.explained(stored)
        understood = self._understand(observed)
        review = await self._with_references(understood.review)
        sides = await router_sides.read(self._pod_access, observed)
        reports = pod_facts.merged_reports(sides.all)
        move = router_moves.move(observed, review.deployment, sides, now)
        reference = router_sides.gateway_of(review.deployment)
        hung = hung_pods.decide(observed, review.deployment, sides.all, now)
        hung = self._replacer.unless_refused(observed, hung, now)
        return ReconcileFacts(
            now=now,
            observed=observed,
            review=review,
            sides=sides,
            reports=reports,
            move=move,
            gateway=self._gateways.find(self._cluster, reference) if reference is not None else None,
            room=self._rooms.room(review, observed.owner),
            troubles=pod_facts.troubles(observed, reports.reasons, hung),
            hung=hung,
            evaluation=self._evaluation(observed),
            samples=await self._compared(observed),
            static=self._static(observed, understood, move),
        )

    def _plan(self, facts: ReconcileFacts) -> DesiredState:
        """Decide on all children that should exist now."""
        observed, owner = facts.observed, facts.observed.owner
        static = router_moves.at_this_moment(facts.static, observed, facts.move, facts.gateway)
        static = deployment_adapters.with_adapters(self._cluster, observed, facts.review, static)
        static = replace(
            static, operator_key=self._settings.installation.router_keys.sha256(owner.namespace, owner.name)
        )
        return desired_state.decide(facts, static)

    async def _apply(self, facts: ReconcileFacts, decision: DesiredState, restored: RestoreResult) -> ApplyResult:
        """Carry out one step; `StillTerminating` ends it at once, and any other obstacle is part of the result."""
        observed, review, foreign = facts.observed, facts.review, self._foreign(facts.observed, facts.now)
        obstacle = await self._applier.carry_out(observed, decision, facts.reports.busy, foreign)
        turning = await self._sleep_switch.carry_out(observed, decision.sleep, facts.reports, _engine_kind(review))
        pulled = await self._pre_pull.carry_out(observed, review, foreign)
        blocked = obstacle is not None and not obstacle.passes
        stays = blocked or not review.may_start or facts.move.phase is MovePhase.JOINING
        route = await self._route(observed, None if stays else review.deployment, facts.now)
        return ApplyResult(
            obstacle=obstacle or await self._restorer.settle(restored, decision, foreign),
            turning=turning,
            ending=bool(restored.given_up),
            pulled=pulled,
            route=route,
        )

    def _report_step(self, facts: ReconcileFacts, decision: DesiredState) -> None:
        """Report a step that the cluster took; one that it refuses is decided again at each try."""
        observed = facts.observed
        step = taken_by_cluster(self._cluster, observed.owner, decision.plan)
        if step is not None:
            log.info("%s", step.because, extra=_extra(observed) | {"reason": step.reason.value})
            self._events.step(observed.document, step.reason.value, step.because, facts.now)

    async def _status_inputs(self, facts: ReconcileFacts, decision: DesiredState, result: ApplyResult) -> StatusInputs:
        observed, review = facts.observed, facts.review
        if not review.may_start:
            image = self._settings.installation.image
            review = replace(review, accepted=kept_images.noted(review.accepted, observed.router, image))
        return StatusInputs(
            review=review,
            target=decision.target,
            count=decision.count,
            scaled=snapshot.autoscaler_report(observed),
            autoscaler_is_silent=self._presence.is_silent,
            plan=decision.plan,
            canary=decision.canary,
            states=decision.states,
            names={snapshot.revision_of(one): one["metadata"]["name"] for one in observed.engines},
            troubles=facts.troubles,
            hung=facts.hung if result.obstacle is None else None,
            starts=pod_facts.starts(observed, self._starts.measured(observed)),
            unplaced=pod_facts.unplaced(observed),
            preemption=preemptions.of(self._cluster, observed, review),
            room=facts.room,
            pods_refused=snapshot.pods_refused(observed.engines),
            obstacle=result.obstacle,
            measured_tokens=await self._measure(observed, review, decision),
            uncreated=self._uncreated.words(observed, facts.now),
            routers=router_sides.summary(observed, review.deployment, facts.move, facts.gateway, facts.reports),
            route=result.route,
            pre_pull=pre_pull_status.written(result.pulled),
            spend=facts.reports.hour,
            tenants=self._usage.of_deployment(observed, review, facts.sides.own, facts.now),
        )

    async def _report(self, facts: ReconcileFacts, inputs: StatusInputs) -> StatusWrite:
        """Write the status if it differs from the stored one."""
        observed, at = facts.observed, facts.now
        fields = deployment_status.fields_of(observed, inputs.review, self._settings.context, facts.move, facts.gateway)
        found = deployment_status.status(inputs, fields, observed.status, at)
        write = await self._status.write(observed.document, found, at)
        news = canary_trial.news(inputs.canary, canary_status.of(observed.document))
        if news and write is StatusWrite.WRITTEN:
            self._events.step(observed.document, *news, at)
        return write

    def _understand(self, observed: DeploymentSnapshot) -> GenerationReview:
        """Return the review of the spec alone, done once per generation; cached for recently reconciled objects."""
        uid, generation = observed.owner.uid, observed.document["metadata"]["generation"]
        cached = self._reviews.get(uid)
        guesses = not speculation_switch.is_off(observed.status, self._policy_of(observed))
        if cached is None or (cached.generation, cached.guesses) != (generation, guesses):
            review = deployment_review.read(observed.document, self._settings.context)
            if not guesses:
                review = deployment_review.without_speculation(review, observed.document, self._settings.context)
            cached = self._reviews[uid] = GenerationReview(generation, guesses, review)
        self._reviews.move_to_end(uid)
        if len(self._reviews) > MAX_CACHED_REVIEWS:
            self._reviews.popitem(last=False)
        return cached

    def _static(
        self, observed: DeploymentSnapshot, understood: GenerationReview, move: RouterMove
    ) -> tuple[Manifest, ...]:
        """Return the children for this step of a move, built once, and again when the operator has read its key."""
        owner, installation = observed.owner, self._settings.installation
        step, objective = replace(move, wait_seconds=None), policies.objective_of(self._policy_of(observed))
        key = installation.router_keys.sha256(owner.namespace, owner.name)
        if understood.built_for == (step, objective, key):
            return understood.static
        made = router_moves.static_children(owner, understood.review, installation, step, objective)
        if key is None:
            live = self._cluster.of(kinds.CONFIG_MAP).find(owner.namespace, owner.router_name)
            made = router_settings.with_kept_key(made, live)
        self._reviews[owner.uid] = understood._replace(built_for=(step, objective, key), static=made)
        return made

    def _policy_of(self, observed: DeploymentSnapshot) -> Manifest | None:
        name = speculation_switch.policy_of(observed.document)
        return self._cluster.of(kinds.AUTOSCALING_POLICY).find(observed.owner.namespace, name) if name else None

    async def _with_references(self, review: DeploymentReview) -> DeploymentReview:
        """Add the references, which are checked in every reconcile."""
        if review.deployment is None:
            return review
        named = [one.key for one in references.of_deployment(review.deployment)]
        unwatched, entries = [key for key in named if key.kind not in _WATCHED], references.entries(review.deployment)
        present = dict(await self._lookup.present(unwatched, references.needed(entries)))
        present |= {key: frozenset[str]() for key in named if key.kind in _WATCHED and self._is_there(key)}
        return deployment_review.with_references(review, present)

    def _is_there(self, key: ObjectKey) -> bool:
        return self._cluster.of(_WATCHED[key.kind]).find(key.namespace, key.name) is not None

    async def _compared(self, observed: DeploymentSnapshot) -> tuple[RequestSample, ...] | None:
        """Return users' requests to both revisions, while a canary is judged by them."""
        uid, state = observed.owner.uid, canary_status.of(observed.document)
        if state is None or not canary_trial.is_judged(state):
            self._samples.forget(uid)
            return None
        return await self._samples.read(uid, canary_samples.routers_of(observed), state.revision)

    def _evaluation(self, observed: DeploymentSnapshot) -> EvaluationVerdict:
        """Return the current result of a canary's evaluation, which runs in the background."""
        owner, state = observed.owner, canary_status.of(observed.document)
        question = None
        if state is not None and questions.is_evaluated(state):
            question = questions.question(owner, state, questions.revisions(observed, state))
        return self._runs.evaluation(owner.uid, questions.evaluation_of(owner.namespace, state), question)

    def _foreign(self, observed: DeploymentSnapshot, now: datetime) -> OnForeignChange:
        return change_reports.reporter(self._events, observed.document, _extra(observed), now)

    async def _route(
        self, observed: DeploymentSnapshot, deployment: DesiredDeployment | None, now: datetime
    ) -> tuple[UntimedCondition, ...]:
        """Bring the HTTPRoute to the spec; it is left unchanged while the spec is refused or a gateway takes over."""
        owner = observed.owner
        if deployment is None:
            state = self._routes.as_it_is(owner)
        else:
            router = deployment.router
            intent = http_routes.manifest(owner, router) if isinstance(router, DeploymentRouter) else None
            deleted = (kinds.HTTP_ROUTE.kind, owner.router_name) in observed.deleted
            state = await self._routes.carry_out(intent, owner, self._foreign(observed, now), deleted=deleted)
        return route_conditions.route_accepted(state, observed.status, now)

    def _deleted(self, observed: DeploymentSnapshot, now: datetime) -> OnForeignDeletion:
        def report(note: str) -> None:
            log.warning("%s", note, extra=_extra(observed) | {"reason": "Deleted"})
            self._events.deleted(observed.document, note, now)

        return report

    async def _measure(
        self, observed: DeploymentSnapshot, review: DeploymentReview, decision: DesiredState
    ) -> int | None:
        """Return KV tokens of one ready replica of the spec's revision; another one cannot show whether it fits."""
        if decision.plan is None or review.deployment is None or review.spec is None:
            return None
        revision = revisions.of(review.spec)
        some: Sequence[Manifest] = observed.pods.get(revision, ()) if decision.plan.current == revision else ()
        pod = next((one for one in some if pods.is_ready(one)), None)
        load = await self._pod_access.load(pod, review.deployment.revision.engine.kind) if pod else None
        return load.capacity_tokens if load else None


_WATCHED: Final = {
    ours.DEPLOYMENT.name: kinds.INFERENCE_DEPLOYMENT,
    ours.POLICY.name: kinds.AUTOSCALING_POLICY,
    ours.GATEWAY.name: kinds.INFERENCE_GATEWAY,
    ours.EVALUATION.name: kinds.EVALUATION,
}
"""Kinds that specs name and informers watch; all others are looked up."""


def _engine_kind(review: DeploymentReview) -> EngineKind:
    return review.deployment.revision.engine.kind if review.deployment else engines.DEFAULT


def _extra(observed: DeploymentSnapshot) -> dict[str, object]:
    owner = observed.owner
    generation = observed.document["metadata"]["generation"]
    return {"namespace": owner.namespace, "name_of_object": owner.name, "uid": owner.uid, "generation": generation}


def moment() -> datetime:
    """Return the time of a reconcile; read once at its start."""
    return datetime.now(tz=UTC)
