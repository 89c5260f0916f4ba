"""One reconcile of one InferenceDeployment: observe, plan, apply, report.

Level-triggered and stateless: everything a later reconcile needs is written on objects. Caches here only save work;
without them, objects are read and reviewed again.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from fairlead.api import kinds as ours
from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import canary_trial, desired_state, router_moves, router_settings, router_sides, snapshot
from fairlead.controller.adapters import deployment_adapters
from fairlead.controller.children import change_reports
from fairlead.controller.children.applier import Applier
from fairlead.controller.children.change_reports import OnForeignChange
from fairlead.controller.children.http_routes import RouteApplier
from fairlead.controller.children.obstacles import StillTerminating
from fairlead.controller.children.pre_pull import PrePullApplier
from fairlead.controller.children.replica_replacer import ReplicaReplacer
from fairlead.controller.children.restorer import OnForeignDeletion, Restorer
from fairlead.controller.children.sleep_switch import SleepSwitch
from fairlead.controller.desired_state import DesiredState, RuntimeFacts
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
from fairlead.controller.pods.pod_facts import MergedRouterReport
from fairlead.controller.pods.preflight import AGAIN_S
from fairlead.controller.pods.start_times import StartTimes
from fairlead.controller.pods.uncreated_pods import UncreatedPods
from fairlead.controller.router_moves import SideReports
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status import canary_status, deployment_status, pre_pull_status, route_conditions
from fairlead.controller.status.pre_pull_status import PrePullState
from fairlead.controller.status.status_inputs import Obstacle, StatusInputs
from fairlead.controller.status.status_writer import StatusWrite, StatusWriter
from fairlead.controller.status.tenant_use import TenantUsage
from fairlead.controller.taken_steps import taken_by_cluster
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.engines import catalogue as engines
from fairlead.fleet.canaries import CanaryPhase
from fairlead.fleet.conditions import ConditionReason, UntimedCondition
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, DesiredGateway
from fairlead.fleet.hung_replicas import HungReplicaDecision
from fairlead.fleet.request_samples import RequestSample
from fairlead.objects import http_routes
from fairlead.objects.installation import Installation
from fairlead.planning.router_move import MovePhase, RouterMove
from fairlead.review import deployment_review, policies, references, speculation_switch
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.deployment_review import DeploymentReview

PROBE_POLL_S: Final = 1.0
"""Poll interval while routers probe a ready replica, since no event says when they are done."""
REFERENCE_POLL_S: Final = 15.0
"""How often missing references, taken names and what blocks images pulled in advance are checked again, unwatched."""
TERMINATING_POLL_S: Final = 1.0
CANARY_POLL_S: Final = 5.0
"""How often users' requests to both revisions of a canary are compared."""
SLEEP_POLL_S: Final = 0.5
"""Poll interval while engines fall asleep or wake: neither routers nor engines send an event when it is done."""
REST_POLL_S: Final = 60.0
"""How often the routers of a deployment at rest are polled for their endpoints."""

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


class RouterSelection(NamedTuple):
    """Which routers serve a deployment, and the gateway of its spec."""

    move: RouterMove
    gateway: DesiredGateway | None


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
        observed = await self._logs.explained(restored.observed)
        understood = self._understand(observed)
        review = await self._with_references(understood.review)
        sides = await router_sides.read(self._pod_access, observed)
        reports = pod_facts.merged_reports(sides.all)
        served = self._served(observed, review, sides, now)
        hung = hung_pods.decide(observed, review.deployment, sides.all, now)
        hung = self._replacer.unless_refused(observed, hung, now)
        facts = self._evaluated(observed, self._facts(observed, review, reports, hung))
        facts = replace(facts, samples=await self._compared(observed))
        static = router_moves.at_this_moment(
            self._static(observed, understood, served.move), observed, served.move, served.gateway
        )
        static = deployment_adapters.with_adapters(self._cluster, observed, review, static)
        static = replace(static, operator_key=self._settings.installation.router_keys.sha256(key.namespace, key.name))
        decision = desired_state.decide(observed, review, facts, static, now)
        try:
            obstacle = await self._applier.carry_out(observed, decision, reports.busy, self._foreign(observed, now))
            turning = await self._sleep_switch.carry_out(observed, decision.sleep, reports, _engine_kind(review))
        except StillTerminating as wait:
            log.info("waiting: %s", wait, extra=_extra(observed))
            return ReconcileOutcome(after_s=TERMINATING_POLL_S)
        pulled = await self._pre_pull.carry_out(observed, review, self._foreign(observed, now))
        stays = (
            (obstacle is not None and not obstacle.passes)
            or not review.may_start
            or served.move.phase is MovePhase.JOINING
        )
        route = await self._route(observed, None if stays else review.deployment, now)
        obstacle = obstacle or await self._restorer.settle(restored, decision, self._foreign(observed, now))
        self._report_step(observed, decision, now)
        if obstacle is None and not desired_state.is_settled(decision.plan):
            return ReconcileOutcome(after_s=0.0)
        inputs = replace(
            await self._status_inputs(observed, review, decision, facts, obstacle),
            uncreated=self._uncreated.words(observed, now),
            routers=router_sides.summary(observed, review.deployment, served.move, served.gateway, reports),
            route=route,
            pre_pull=pre_pull_status.written(pulled),
            spend=reports.hour,
            tenants=self._usage.of_deployment(observed, review, sides.own, now),
        )
        if await self._report(observed, inputs, served, now) is StatusWrite.GONE:
            return ReconcileOutcome()
        await self._replacer.carry_out(observed, inputs.hung, now)
        found = _outcome(observed, review, decision, obstacle, now)
        if not found.failed:
            found = replace(found, after_s=_sooner(found.after_s, observed, served.move, route, pulled))
            found = replace(found, after_s=self._uncreated.sooner(found.after_s, observed, now))
        early = SLEEP_POLL_S if turning else TERMINATING_POLL_S if restored.given_up else None
        return replace(found, after_s=early) if early is not None and not found.failed else found

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

    def _served(
        self, observed: DeploymentSnapshot, review: DeploymentReview, sides: SideReports, now: datetime
    ) -> RouterSelection:
        reference = router_sides.gateway_of(review.deployment)
        return RouterSelection(
            move=router_moves.move(observed, review.deployment, sides, now),
            gateway=self._gateways.find(self._cluster, reference) if reference is not None else None,
        )

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

    def _facts(
        self,
        observed: DeploymentSnapshot,
        review: DeploymentReview,
        reports: MergedRouterReport,
        hung: HungReplicaDecision | None,
    ) -> RuntimeFacts:
        return RuntimeFacts(
            reports=reports,
            room=self._rooms.room(review, observed.owner),
            troubles=pod_facts.troubles(observed, reports.reasons, hung),
            hung=hung,
        )

    async def _compared(self, observed: DeploymentSnapshot) -> tuple[RequestSample, ...] | None:
        """Return users' requests to both revisions, while a canary is judged by them."""
        uid, state = observed.owner.uid, canary_status.of(observed.document)
        if state is None or not canary_trial.is_judged(state):
            self._samples.forget(uid)
            return None
        return await self._samples.read(uid, canary_samples.routers_of(observed), state.revision)

    def _evaluated(self, observed: DeploymentSnapshot, facts: RuntimeFacts) -> RuntimeFacts:
        """Add the current result of a canary's evaluation, which runs in the background."""
        owner, state = observed.owner, canary_status.of(observed.document)
        question = None
        if state is not None and questions.is_evaluated(state):
            question = questions.question(owner, state, questions.revisions(observed, state))
        key = questions.evaluation_of(owner.namespace, state)
        return replace(facts, evaluation=self._runs.evaluation(owner.uid, key, question))

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

    def _report_step(self, observed: DeploymentSnapshot, decision: DesiredState, now: datetime) -> None:
        """Report a step that the cluster took; one that it refuses is decided again at each try."""
        step = taken_by_cluster(self._cluster, observed.owner, decision.plan)
        if step is not None:
            log.info("%s", step.because, extra=_extra(observed) | {"reason": step.reason.value})
            self._events.step(observed.document, step.reason.value, step.because, now)

    async def _status_inputs(
        self,
        observed: DeploymentSnapshot,
        review: DeploymentReview,
        decision: DesiredState,
        facts: RuntimeFacts,
        obstacle: Obstacle | None,
    ) -> StatusInputs:
        if not review.may_start:
            image = self._settings.installation.image
            review = replace(review, accepted=kept_images.noted(review.accepted, observed.router, image))
        return StatusInputs(
            review=review,
            target=decision.target,
            count=decision.count,
            scaled=snapshot.autoscaler_report(observed),
            plan=decision.plan,
            canary=decision.canary,
            states=decision.states,
            names={snapshot.revision_of(one): one["metadata"]["name"] for one in observed.engines},
            troubles=facts.troubles,
            hung=facts.hung if obstacle is None else None,
            starts=pod_facts.starts(observed, self._starts.measured(observed)),
            unplaced=pod_facts.unplaced(observed),
            preemption=preemptions.of(self._cluster, observed, review),
            room=facts.room,
            pods_refused=snapshot.pods_refused(observed.engines),
            obstacle=obstacle,
            measured_tokens=await self._measure(observed, review, decision),
        )

    async def _measure(
        self, observed: DeploymentSnapshot, review: DeploymentReview, decision: DesiredState
    ) -> int | None:
        """Return KV tokens of one ready replica of the current revision."""
        if decision.plan is None or review.deployment is None:
            return None
        some: Sequence[Manifest] = observed.pods.get(decision.plan.current, ())
        pod = next((one for one in some if pods.is_ready(one)), None)
        load = await self._pod_access.load(pod, review.deployment.revision.engine.kind) if pod else None
        return load.capacity_tokens if load else None

    async def _report(
        self, observed: DeploymentSnapshot, inputs: StatusInputs, served: RouterSelection, at: datetime
    ) -> StatusWrite:
        """Write the status if it differs from the stored one."""
        fields = deployment_status.fields_of(observed, inputs.review, self._settings.context, *served)
        found = deployment_status.status(inputs, fields, observed.status, at)
        write = await self._status.write(observed.document, found, at)
        news = canary_trial.news(inputs.canary, canary_status.of(observed.document))
        if news and write is StatusWrite.WRITTEN:
            self._events.step(observed.document, *news, at)
        return write


_WATCHED: Final = {
    ours.DEPLOYMENT.name: kinds.INFERENCE_DEPLOYMENT,
    ours.POLICY.name: kinds.AUTOSCALING_POLICY,
    ours.GATEWAY.name: kinds.INFERENCE_GATEWAY,
    ours.EVALUATION.name: kinds.EVALUATION,
}
"""Kinds that specs name and informers watch; all others are looked up."""


def _outcome(
    observed: DeploymentSnapshot,
    review: DeploymentReview,
    decision: DesiredState,
    obstacle: Obstacle | None,
    now: datetime,
) -> ReconcileOutcome:
    leaving = obstacle is not None and obstacle.reason is ConditionReason.CHILD_TERMINATING
    if obstacle is not None and obstacle.reason is not ConditionReason.NAME_TAKEN and not leaving:
        return ReconcileOutcome(failed=obstacle.message)
    waits = ([REST_POLL_S] if observed.serving_routers else []) + ([AGAIN_S] if decision.check else [])
    if not review.may_start or review.lost or obstacle is not None:
        waits.append(TERMINATING_POLL_S if leaving else REFERENCE_POLL_S)
    if observed.serving_routers and any(
        one.ready_since and not one.ending and not one.asleep and one.routable is not True
        for state in decision.states
        for one in state.replicas
    ):
        waits.append(PROBE_POLL_S)
    if decision.plan is not None and decision.plan.wake_at is not None:
        waits.append(max(0.1, (decision.plan.wake_at - now).total_seconds()))
    if canary_trial.has_moved(decision.canary, canary_status.of(observed.document)):
        return ReconcileOutcome(after_s=0.0)
    waits += [CANARY_POLL_S] if _is_compared(observed, decision) else []
    return ReconcileOutcome(after_s=min(waits) if waits else None)


def _is_compared(observed: DeploymentSnapshot, decision: DesiredState) -> bool:
    """Whether the next step depends on figures or on a gateway's routers, which send no events."""
    state = decision.canary
    awaited = state is not None and state.phase is CanaryPhase.WAITING and any(observed.gateway_routers.values())
    return awaited or canary_trial.is_judged(state) or questions.is_evaluated(state)


def _sooner(
    after_s: float | None,
    observed: DeploymentSnapshot,
    move: RouterMove,
    route: tuple[UntimedCondition, ...],
    pulled: PrePullState | None,
) -> float | None:
    """Shorten the wait while routers take over from others, or images cannot be pulled: no event says when that ends.

    Routers that do not exist yet or are not ready wake the deployment when they are.
    """
    waits = [after_s] if after_s is not None else []
    if pulled is not None and pulled.obstacle is not None:
        waits.append(REFERENCE_POLL_S)
    waits += [REFERENCE_POLL_S for one in route if one.holds is not True]
    awaited = move.phase is MovePhase.JOINING and any(observed.gateway_routers.values())
    if awaited or (move.phase is MovePhase.LEAVING and observed.routers):
        waits.append(PROBE_POLL_S)
    if move.wait_seconds is not None:
        waits.append(max(0.1, move.wait_seconds))
    return min(waits, default=None)


def _engine_kind(review: DeploymentReview) -> EngineKind:
    return review.deployment.revision.engine.kind if review.deployment else engines.DEFAULT


def _extra(observed: DeploymentSnapshot) -> dict[str, object]:
    owner = observed.owner
    generation = observed.document["metadata"]["generation"]
    return {"namespace": owner.namespace, "name_of_object": owner.name, "uid": owner.uid, "generation": generation}


def moment() -> datetime:
    """Return the time of a reconcile; read once at its start."""
    return datetime.now(tz=UTC)
