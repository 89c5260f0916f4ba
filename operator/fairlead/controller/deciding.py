"""From what was observed and judged to all that should stand now: counts by the planner, manifests by the builders.

Pure, and one step at a time: whatever of it gets carried out, the next look decides from there. Plan and manifest meet
here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import behind, observing, start_failures, starting
from fairlead.controller.judging import Judged
from fairlead.controller.looking import Reports
from fairlead.controller.observing import Observed
from fairlead.controller.start_checks import CheckAnswer
from fairlead.controller.starting import Outset
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
    check: Manifest | None = None
    """The pod that checks the target without a GPU, while the rollout waits for it."""
    prunes: bool = False
    """Whether children that are not among `standing` are to go: the spec is allowed and says all there should be."""


def decide(observed: Observed, judged: Judged, facts: Facts, standing: tuple[Manifest, ...], now: datetime) -> Decision:
    """All that should stand now. Of an object that cannot be read nothing is started, stopped or changed."""
    deployment = judged.deployment
    target = target_of(observed, judged)
    start = Outset(observed=observed, judged=judged, target=target or "", now=now)
    states = tuple(_state(one, facts, start) for one in observed.engines)
    if deployment is None or target is None:
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
        _carried(start, plan),
        count=count,
        check=starting.check(start, plan),
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


def _state(engine: Manifest, facts: Facts, start: Outset) -> RevisionState:
    written, observed, deployment = observing.facts(engine), start.observed, start.judged.deployment
    replicas = pods.replicas(observed.pods.get(written.revision, ()), facts.reports.routable)
    answer = starting.answer(start, written)
    return RevisionState(
        name=written.revision,
        asked=observing.asked(engine),
        replicas=replicas,
        created_at=observing.created(engine),
        wanted_since=written.wanted_since,
        grown_at=written.grown_at,
        hopeless=starting.hopeless(start, written, answer),
        unchecked=answer is CheckAnswer.OPEN,
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


def _carried(start: Outset, plan: Plan) -> Decision:
    """The engine Deployments as they should be, the plan's step among them."""
    step, retired, shrinks, observed = plan.step, None, None, start.observed
    engines: list[Manifest] = []
    for live in observed.engines:
        written = _facts(live, start, step)
        if isinstance(step, Retire) and step.revision == written.revision:
            retired = live
            continue
        count = observing.asked(live)
        if isinstance(step, Ask) and step.revision == written.revision:
            shrinks = written.revision if step.replicas < count else None
            written = replace(written, grown_at=start.now) if step.replicas > count else written
            count = step.replicas
        engines.append(_engine(start, written, live, count))
    if isinstance(step, Ask) and observed.engine(step.revision) is None:
        since = start.now if step.revision == start.target else None
        fresh = RevisionFacts(revision=step.revision, wanted_since=since, grown_at=start.now)
        engines.append(_engine(start, fresh, None, step.replicas))
    return Decision(target=start.target, engines=tuple(engines), shrinks=shrinks, retired=retired)


def _facts(live: Manifest, start: Outset, step: object) -> RevisionFacts:
    """What is to be written on a revision: since when it is wanted, whether it served, that it was given up."""
    written = observing.facts(live)
    some = start.observed.pods.get(written.revision, ())
    ready = any(pods.is_ready(pod) for pod in some)
    if written.revision != start.target:
        served = written.served or ready
        return replace(written, wanted_since=None, served=served, failure=None, ends=None)
    checked = written.checked or starting.answer(start, written) is CheckAnswer.WELL
    written = replace(
        written,
        wanted_since=written.wanted_since or start.now,
        served=written.served or ready,
        checked=checked,
        ends=None if written.served or ready else start_failures.ends(written.ends, some),
    )
    if isinstance(step, GiveUp) and step.revision == written.revision:
        return replace(written, failure=step.failure, ends=None)
    return written


def _engine(start: Outset, written: RevisionFacts, live: Manifest | None, count: int) -> Manifest:
    stored = engine_deployment.stored_template(live) if live is not None else None
    template = stored or _template(start, written.revision, live)
    return stamps.stamped(engine_deployment.manifest(start.observed.owner, written, template, count))


def _template(start: Outset, revision: str, live: Manifest | None) -> Manifest:
    """Built from the spec where the revision is the spec's; otherwise what stands there is all anybody knows."""
    judged = start.judged
    if live is not None and not starting.is_described(judged, revision):
        found: Manifest = live["spec"]["template"]
        return found
    assert judged.deployment is not None
    return engine_pods.template(start.observed.owner, judged.deployment, starting.launch(judged), revision)


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
