"""The canary of an adapter's version: which of two versions is on trial, their shares, and the next state.

The state machine is that of a new revision. Both versions stay loaded, so there is no replica to spare or drain: a step
begins once every chosen replica has the new version, and a rollback is a share of 0.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from fairlead.fleet.adapters import SEPARATOR, WHOLE, AdapterEdition, ServedAdapter
from fairlead.fleet.canaries import CanaryFacts, CanaryOrder, CanaryPhase, CanaryState
from fairlead.fleet.gate_verdicts import NOT_EVALUATED, EvaluationVerdict, GateVerdict
from fairlead.fleet.plurals import count
from fairlead.fleet.rollouts import CanaryLimit
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.planning import canary

SIDES: Final = 2
_NOTHING: Final = TrafficShare(revision="", percent=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSides:
    """The version that serves, and the one to replace it."""

    stable: AdapterEdition
    candidate: AdapterEdition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """What was observed of a version on trial."""

    chosen: int = 0
    """Replicas that should load it."""
    loaded: int = 0
    """How many of these have it."""
    order: CanaryOrder | None = None
    service: GateVerdict | None = None
    evaluation: EvaluationVerdict = NOT_EVALUATED


def renamed(adapter: ServedAdapter, state: CanaryState | None) -> CanaryState | None:
    """Return the state by the names that its versions have now: an adapter's other name makes none of them new."""
    if state is None:
        return None
    revision, stable = (_now(adapter, one) for one in (state.revision, state.stable))
    return replace(state, revision=revision, stable=stable)


def _now(adapter: ServedAdapter, name: str) -> str:
    """Return the present name in an engine of the version that had this one."""
    return f"{adapter.served_name}{SEPARATOR}{name.rpartition(SEPARATOR)[2]}"


def sides(adapter: ServedAdapter, state: CanaryState | None) -> VersionSides:
    """Return both versions; the one that served before goes on serving, wherever it is listed, else the first one."""
    by_name = {adapter.engine_name(one): one for one in adapter.editions[:SIDES]}
    names = list(by_name)
    stable = next((one for one in (_served(state), adapter.serving) if one in by_name), names[0])
    other = next((one for one in names if one != stable), None)
    if other is None or (state is not None and _took_over(state, stable, other)):
        return VersionSides(stable=by_name[stable])
    return VersionSides(stable=by_name[stable], candidate=by_name[other])


def _served(state: CanaryState | None) -> str | None:
    """The version that serves by the last canary."""
    if state is None:
        return None
    return state.revision if state.phase is CanaryPhase.PROMOTED else state.stable


def _took_over(state: CanaryState, name: str, former: str) -> bool:
    """Whether one was promoted over the other, which is nothing new then."""
    return state.phase is CanaryPhase.PROMOTED and (name, former) == (state.revision, state.stable)


def shared(adapter: ServedAdapter, state: CanaryState | None) -> ServedAdapter:
    """Return the adapter with the traffic that its canary gives each version; unchanged if it has no canary."""
    if adapter.canary is None:
        return adapter
    both = sides(adapter, state)
    share = _share(adapter, both, state)
    percent = share.percent
    shares = {both.stable: WHOLE - percent} | ({both.candidate: percent} if both.candidate is not None else {})
    return replace(
        adapter,
        editions=tuple(replace(one, traffic=shares.get(one, 0)) for one in adapter.editions),
        trial=adapter.engine_name(both.candidate) if both.candidate is not None and percent else "",
        step=share.step if percent else 0,
    )


def follow(
    adapter: ServedAdapter, facts: VersionFacts, stored: CanaryState | None, now: datetime
) -> CanaryState | None:
    """Return the next state to store; None if nothing is on trial and no earlier result must be kept."""
    plan = adapter.canary
    if plan is None:
        return None
    both = sides(adapter, stored)
    if both.candidate is None:
        return stored if stored is not None and _is_remembered(adapter, stored) else None
    stable, candidate = adapter.engine_name(both.stable), adapter.engine_name(both.candidate)
    if stored is None or (stored.revision, stored.stable) != (candidate, stable):
        return canary.begun(candidate, stable, plan, now, facts.order)
    return canary.follow(stored, replace(_facts(facts, stored), plan=plan), now)


def held(adapter: ServedAdapter, facts: VersionFacts, stored: CanaryState | None, now: datetime) -> CanaryState | None:
    """Return the next state while the spec of its deployment is refused: it takes no step, and can only be rejected.

    A new version still goes on trial, which gives it no traffic: by that it is told from the one that serves.
    """
    after = follow(adapter, facts, stored, now)
    if after is None or stored is None or (after.revision, after.stable) != (stored.revision, stored.stable):
        return after
    return canary.held(stored, _facts(facts, stored), now)


def waits(state: CanaryState, facts: VersionFacts, now: datetime) -> CanaryLimit | None:
    """Return what it waits for, until when, and whether for a person; None once it is over."""
    if state.phase in (CanaryPhase.PROMOTED, CanaryPhase.REJECTED):
        return None
    return canary.limit(state, _facts(facts, state), now, diverted=True)


def _is_remembered(adapter: ServedAdapter, state: CanaryState) -> bool:
    """Whether an ended trial still applies: the version that it made serve is listed."""
    serving = {CanaryPhase.PROMOTED: state.revision, CanaryPhase.REJECTED: state.stable}.get(state.phase)
    return serving in {adapter.engine_name(one) for one in adapter.editions}


def _share(adapter: ServedAdapter, both: VersionSides, state: CanaryState | None) -> TrafficShare:
    """The candidate's share; nothing before its state is stored."""
    if both.candidate is None or state is None:
        return _NOTHING
    if (state.revision, state.stable) != (adapter.engine_name(both.candidate), adapter.engine_name(both.stable)):
        return _NOTHING
    found = canary.share(state)
    assert found is not None  # a promoted version is no longer a candidate
    return found


def _facts(facts: VersionFacts, state: CanaryState) -> CanaryFacts:
    """Map versions to replicas: of two, one can be spared once the version is loaded, and none is left without it."""
    is_loaded, steps = 0 < facts.chosen == facts.loaded, state.phase is CanaryPhase.STEPPING
    where = f"{facts.loaded} of {count(facts.chosen, 'replica')}"
    begins = "its step begins again" if steps else "its first step begins"
    return CanaryFacts(
        wanted=0 if steps and not facts.loaded else SIDES,
        available=int(is_loaded if state.reached_at is None else facts.loaded > 0),
        spared=is_loaded,
        load=f"{state.revision} is loaded on {where}; {begins} when all of them have it",
        order=facts.order,
        service=facts.service,
        quality=facts.evaluation.verdict,
        items=facts.evaluation.items,
    )
