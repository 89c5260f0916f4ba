"""From what was observed and judged to all that should stand now: counts by the planner, manifests by the builders.

Pure, and one step at a time: whatever of it gets carried out, the next look decides from there. Plan and manifest meet
here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import behind, observing, pacing
from fairlead.controller.judging import Judged
from fairlead.controller.looking import Reports
from fairlead.controller.observing import Observed
from fairlead.fleet.gateways import WantedDeployment
from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.rollouts import Ask, GiveUp, Hold, Plan, Retire, RevisionState, Rollout, Room
from fairlead.fleet.troubles import Trouble
from fairlead.fleet.wanted import NO_RESOURCE, Wanted
from fairlead.objects import (
    children,
    engine_deployment,
    engine_placement,
    engine_pods,
    revisions,
    router_config,
    router_deployment,
    stamps,
)
from fairlead.objects.engine_deployment import RevisionFacts
from fairlead.objects.owner import Owner
from fairlead.objects.platform import Platform
from fairlead.planning import counting, returning, rollout, sleeping
from fairlead.planning.counting import Count
from fairlead.planning.sleeping import NOBODY_SLEEPS, Beds


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the look at running pods and at nodes brought."""

    reports: Reports
    room: Room
    troubles: Mapping[str, tuple[Trouble, ...]]
    """By revision."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What should stand now, and the step it contains."""

    target: str | None = None
    count: Count | None = None
    plan: Plan | None = None
    states: tuple[RevisionState, ...] = ()
    standing: tuple[Manifest, ...] = ()
    """Routers and whatever guards pods; nothing while the spec is refused, so that what stands stays as it is."""
    engines: tuple[Manifest, ...] = ()
    """Every engine Deployment, with the step's count and the facts in it."""
    shrinks: str | None = None
    """The revision that loses replicas by this step."""
    retired: Manifest | None = None
    """A Deployment that is to go."""
    beds: Beds = NOBODY_SLEEPS
    """Which pods sleep, fall asleep and wake."""
    prunes: bool = False
    """Whether children that are not among `standing` are to go: the spec is allowed and says all there should be."""


def decide(observed: Observed, judged: Judged, facts: Facts, standing: tuple[Manifest, ...], now: datetime) -> Decision:
    """All that should stand now. Of an object that cannot be read nothing is started, stopped or changed."""
    deployment = judged.deployment
    states = tuple(_state(one, observed, facts, deployment) for one in observed.engines)
    if deployment is None:
        return Decision(states=states)
    target = target_of(observed, judged)
    if target is None:
        return Decision(states=states)
    count = counting.wanted(deployment.replicas, _recommended(observed), _asked_before(observed))
    question = Rollout(
        target=target, wanted=count.replicas, rules=deployment.rollout, revisions=states, room=facts.room
    )
    asleep = _asleep(observed, deployment, count, returning.wanted(question))
    given_up = returning.current(question, now) != target
    beds = sleeping.beds(question, asleep, facts.reports.busy, given_up=given_up)
    planned = rollout.next_step(sleeping.awake(question, asleep, beds), now)
    plan = _with_reason(sleeping.whole(planned, target, beds), facts.troubles)
    return replace(
        _carried(observed, judged, plan, now, target),
        count=count,
        beds=beds,
        plan=plan,
        states=states,
        standing=_counted(standing, observed) if judged.may_start else (),
        prunes=judged.may_start,
    )


def standing(owner: Owner, judged: Judged, platform: Platform) -> tuple[Manifest, ...]:
    """All children but engines; they follow from the spec alone, so once a generation is often enough."""
    if judged.deployment is None:
        return ()
    known = children.NOTHING_KNOWN
    if judged.review is not None and judged.spec is not None:
        known = behind.replica(judged.review, revisions.of(judged.spec))
    made = children.standing(owner, judged.deployment, platform, known)
    return tuple(stamps.stamped(one) for one in made)


def _counted(standing: tuple[Manifest, ...], observed: Observed) -> tuple[Manifest, ...]:
    """Routers that somebody else counts keep the number they have, and are told it.

    The mark on their Deployment does not hold the number, as it is not ours.
    """
    if not any(_is_uncounted(one) for one in standing):
        return standing
    number = observing.asked(observed.router) if observed.router is not None else router_config.DEFAULT_REPLICAS
    return tuple(_with_count(one, number) for one in standing)


def _is_uncounted(child: Manifest) -> bool:
    return bool(child["kind"] == kinds.DEPLOYMENT.kind and "replicas" not in child["spec"])


def _with_count(child: Manifest, number: int) -> Manifest:
    if _is_uncounted(child):
        return router_deployment.counted(child, number)
    if child["kind"] == kinds.CONFIG_MAP.kind:
        return stamps.stamped(router_config.counted(child, number))
    return child


def target_of(observed: Observed, judged: Judged) -> str | None:
    """The revision of the spec; while that is refused, the one that was wanted last."""
    if judged.may_start and judged.spec is not None:
        return revisions.of(judged.spec)
    known = [observing.facts(one) for one in observed.engines]
    wanted = [one for one in known if one.wanted_since is not None]
    return max(wanted, key=lambda one: str(one.wanted_since)).revision if wanted else None


def _state(engine: Manifest, observed: Observed, facts: Facts, deployment: WantedDeployment | None) -> RevisionState:
    written = observing.facts(engine)
    replicas = pods.replicas(observed.pods.get(written.revision, ()), facts.reports.routable)
    return RevisionState(
        name=written.revision,
        asked=observing.asked(engine),
        replicas=replicas,
        created_at=observing.created(engine),
        wanted_since=written.wanted_since,
        grown_at=written.grown_at,
        other_gpus=deployment is not None and not _same_gpus(engine, deployment.wanted),
        served=written.served or any(one.ready_since and one.routable is not False for one in replicas),
        failure=written.failure,
    )


def _same_gpus(engine: Manifest, wanted: Wanted) -> bool:
    """Whether what its replicas give up is something that the wanted revision can use."""
    pod = engine["spec"]["template"]["spec"]
    limits = [one.get("resources", {}).get("limits") or {} for one in pod.get("containers") or ()]
    selected = (pod.get("nodeSelector") or {}).get(engine_placement.PRODUCT)
    product = engine_placement.node_selector(wanted).get(engine_placement.PRODUCT)
    holds = wanted.resource == NO_RESOURCE or any(wanted.resource in one for one in limits)
    return holds and selected == product


def _recommended(observed: Observed) -> int | None:
    said = observed.status.get("scaling") or {}
    found = said.get("recommended")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _asleep(observed: Observed, deployment: WantedDeployment, count: Count, now: RevisionState | None) -> int:
    """How many are to sleep beside those that are wanted; together they stay within what somebody pays for.

    While nobody recommends anything, as many as do.
    """
    bounds, found = deployment.replicas, (observed.status.get("scaling") or {}).get("asleep")
    if not isinstance(bounds, ReplicaBounds) or not deployment.wanted.engine.sleeps:
        return 0
    if _recommended(observed) is None:
        found = sum(one.asleep and not one.ending for one in now.replicas) if now else 0
    if not isinstance(found, int) or isinstance(found, bool):
        return 0
    return max(0, min(found, bounds.most - count.replicas))


def _asked_before(observed: Observed) -> int:
    """What was wanted last; counts of Deployments are no memory, as a rollout bends them."""
    found = observed.status.get("desiredReplicas")
    return found if isinstance(found, int) else sum(observing.asked(one) for one in observed.engines)


def _carried(observed: Observed, judged: Judged, plan: Plan, now: datetime, target: str) -> Decision:
    """The engine Deployments as they should be, the plan's step among them."""
    step, retired, shrinks = plan.step, None, None
    engines: list[Manifest] = []
    for live in observed.engines:
        written = _facts(live, observed, step, now, target)
        if isinstance(step, Retire) and step.revision == written.revision:
            retired = live
            continue
        count = observing.asked(live)
        if isinstance(step, Ask) and step.revision == written.revision:
            shrinks = written.revision if step.replicas < count else None
            written = replace(written, grown_at=now) if step.replicas > count else written
            count = step.replicas
        engines.append(_engine(observed, judged, written, live, count))
    if isinstance(step, Ask) and observed.engine(step.revision) is None:
        since = now if step.revision == target else None
        fresh = RevisionFacts(revision=step.revision, wanted_since=since, grown_at=now)
        engines.append(_engine(observed, judged, fresh, None, step.replicas))
    return Decision(target=target, engines=tuple(engines), shrinks=shrinks, retired=retired)


def _facts(live: Manifest, observed: Observed, step: object, now: datetime, target: str) -> RevisionFacts:
    """What is to be written on a revision: since when it is wanted, whether it served, that it was given up."""
    written = observing.facts(live)
    ready = any(pods.is_ready(pod) for pod in observed.pods.get(written.revision, ()))
    wanted = (written.wanted_since or now) if written.revision == target else None
    written = replace(written, wanted_since=wanted, served=written.served or ready)
    if isinstance(step, GiveUp) and step.revision == written.revision:
        return replace(written, failure=step.failure)
    if written.revision != target:
        return replace(written, failure=None)
    return written


def _engine(observed: Observed, judged: Judged, written: RevisionFacts, live: Manifest | None, count: int) -> Manifest:
    stored = engine_deployment.stored_template(live) if live is not None else None
    template = stored or _template(observed, judged, written.revision, live)
    return stamps.stamped(engine_deployment.manifest(observed.owner, written, template, count))


def _template(observed: Observed, judged: Judged, revision: str, live: Manifest | None) -> Manifest:
    """Built from the spec where the revision is the spec's; otherwise what stands there is all anybody knows."""
    described = judged.spec is not None and revisions.of(judged.spec) == revision
    if live is not None and not (described and judged.may_start):
        found: Manifest = live["spec"]["template"]
        return found
    review = judged.review
    assert judged.deployment is not None
    assert review is not None
    assert review.engine is not None
    assert review.asked is not None
    launch = review.engine.launch(review.asked, pacing.of(review))
    return engine_pods.template(observed.owner, judged.deployment, launch, revision)


def _with_reason(plan: Plan, troubles: Mapping[str, Sequence[Trouble]]) -> Plan:
    """What was the matter is written down with the failure, as the pods that could tell are going."""
    step = plan.step
    found = troubles.get(step.revision, ()) if isinstance(step, GiveUp) else ()
    if not (isinstance(step, GiveUp) and found):
        return plan
    return replace(plan, step=replace(step, failure=replace(step.failure, because=found[0].message)))


def is_settled(plan: Plan | None) -> bool:
    """Whether the step leaves everything as it is."""
    return plan is None or isinstance(plan.step, Hold)
