"""The status of an adapter: where each version is loaded, and the first reason why it is missing elsewhere. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fairlead.cluster.kinds import Manifest
from fairlead.fleet.adapters import (
    FINAL_REASONS,
    AdapterEdition,
    AdapterPlace,
    AdapterReason,
    AdapterState,
    ServedAdapter,
)
from fairlead.fleet.canaries import CanaryPhase, CanaryState
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.plurals import count
from fairlead.fleet.rollouts import CanaryLimit

LONGEST = 1000
_HELD = frozenset({AdapterState.STAGED, AdapterState.LOADED})
_KEPT = ("digest", "name", "traffic")
"""What is reported of a version without its replicas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterObservation:
    """An adapter, and what replicas report of it."""

    adapter: ServedAdapter
    chosen: tuple[str, ...] = ()
    """Names of the replicas that should load it."""
    reports: Mapping[str, Mapping[str, AdapterPlace] | None] = field(default_factory=dict)
    """For each replica its versions by name; None if it does not answer."""
    at_zero: bool = False
    """Whether its deployment is scaled to zero, by that one's own status."""
    accepted: bool = True
    """Whether the spec of its deployment is; if not, replicas get no new list."""

    def place(self, pod: str, edition: AdapterEdition) -> AdapterPlace:
        """Return the state of one version on one replica."""
        report = self.reports.get(pod)
        name = self.adapter.engine_name(edition)
        if report is None:
            return AdapterPlace(
                name=name,
                state=AdapterState.WAITING,
                reason=AdapterReason.ENGINE_SILENT,
                message="the replica does not report its adapters yet; wait, or check the log of its container loader",
            )
        why = "the replica has not read the list yet; wait, or check the log of its container loader"
        if not self.accepted:
            why = not_accepted(self.adapter.deployment)
        waits = AdapterPlace(name=name, state=AdapterState.WAITING, reason=AdapterReason.STAGING, message=why)
        return report.get(name, waits)


def figures(observation: AdapterObservation) -> Manifest:
    """Return all but conditions."""
    return {
        "servedName": observation.adapter.served_name,
        "chosen": len(observation.chosen),
        "loaded": len(_whole(observation)),
        "versions": [_version(observation, one) for one in observation.adapter.editions],
    }


def with_versions(figures: Manifest, before: Manifest) -> Manifest:
    """Return figures with the names of the versions so far, where nothing is observed of them now.

    By these names a version that is added later is new, in whatever place: it goes on trial, and not to all users. Of
    several, the traffic says which one serves.
    """
    versions = [{key: one[key] for key in _KEPT if key in one} for one in before.get("versions") or ()]
    return {"versions": versions} | figures if versions else figures


def is_loaded(observation: AdapterObservation) -> bool:
    """Whether every chosen replica has every version."""
    return len(_whole(observation)) == len(observation.chosen)


def is_loading(observation: AdapterObservation) -> bool:
    """Whether something is missing that a loader may still bring about."""
    return any(place.reason not in FINAL_REASONS for _, place in _missing(observation))


def conditions(observation: AdapterObservation) -> tuple[UntimedCondition, ...]:
    """Whether clients can request it, and why not."""
    if not observation.chosen and observation.at_zero:
        return _yes(Why.SCALED_TO_ZERO, f"{observation.adapter.deployment} is at zero; its first replica loads it")
    if not observation.chosen:
        words = "the deployment has no replica yet; the adapter is loaded as soon as there is one"
        return no(Why.NONE_READY, words, stalls=False)
    if is_loaded(observation):
        words = (
            f"{count(len(observation.adapter.editions), 'version')} on {count(len(observation.chosen), 'replica')}; "
            f"clients ask for {observation.adapter.served_name}"
        )
        return _yes(Why.ADAPTER_LOADED, words)
    pod, place = next(_missing(observation))
    replicas = count(len(observation.chosen), "replica")
    words = f"{place.name} is loaded on {_loaded(observation, place.name)} of {replicas}; {pod}: "
    words = f"{words}{place.message or 'its files are checked, and the engine is asked to load it'}"[:LONGEST]
    if place.reason in FINAL_REASONS:
        return no(Why.ADAPTER_REFUSED, words, stalls=True)
    if place.state is AdapterState.FAILED:
        return no(Why.ADAPTER_NOT_LOADED, words, stalls=False)
    return no(Why.ADAPTER_LOADING, words, stalls=False)


def progressing(state: CanaryState | None, limit: CanaryLimit | None) -> tuple[UntimedCondition, ...]:
    """Return where its canary is; empty if there never was one. `limit`: what it waits for while it continues."""
    if state is None:
        return ()
    kind = ConditionType.PROGRESSING
    if state.phase is CanaryPhase.REJECTED:
        words = f"{state.revision} was rejected: {state.because}; {state.stable} serves"[:LONGEST]
        return (UntimedCondition(type=kind, holds=False, reason=Why.CANARY_REJECTED, message=words),)
    if limit is None:
        words = f"{state.revision} took over from {state.stable}: {state.because}"[:LONGEST]
        return (UntimedCondition(type=kind, holds=True, reason=Why.COMPLETE, message=words),)
    words = f"{state.revision} against {state.stable}: {limit.because}"[:LONGEST]
    if limit.needs_person:
        return (UntimedCondition(type=kind, holds=None, reason=Why.CANARY_HELD, message=words),)
    reason = Why.CANARY_WAITING if state.phase is CanaryPhase.WAITING else Why.CANARY_RUNNING
    return (UntimedCondition(type=kind, holds=True, reason=reason, message=words),)


def not_accepted(deployment: str) -> str:
    """Say why nothing of it changes while the spec of its deployment is refused."""
    return (
        f"the spec of InferenceDeployment {deployment} is not accepted: replicas get no new list, and a version on "
        "trial takes no step; correct what its condition Accepted says"
    )


def _yes(reason: Why, words: str) -> tuple[UntimedCondition, ...]:
    return (
        UntimedCondition(type=ConditionType.READY, holds=True, reason=reason, message=words),
        UntimedCondition(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message=words),
    )


def no(reason: Why, words: str, *, stalls: bool) -> tuple[UntimedCondition, ...]:
    """Report it not ready; `stalls` if only a person can change that."""
    ready = UntimedCondition(type=ConditionType.READY, holds=False, reason=reason, message=words)
    kind = ConditionType.STALLED if stalls else ConditionType.RECONCILING
    rest = [UntimedCondition(type=kind, holds=True, reason=reason, message=words)]
    if stalls:
        rest.append(UntimedCondition(type=ConditionType.ACCEPTED, holds=False, reason=reason, message=words))
    return (ready, *rest)


def _missing(observation: AdapterObservation) -> Iterator[tuple[str, AdapterPlace]]:
    """Yield what is not loaded, first what waiting will not change."""
    found = [
        (pod, place)
        for edition in observation.adapter.editions
        for pod in observation.chosen
        if (place := observation.place(pod, edition)).state is not AdapterState.LOADED
    ]
    yield from sorted(found, key=lambda one: (_weight(one[1]), one[0]))


def _weight(place: AdapterPlace) -> int:
    if place.reason in FINAL_REASONS:
        return 0
    return 1 if place.state is AdapterState.FAILED else 2


def _whole(observation: AdapterObservation) -> Sequence[str]:
    return [
        pod for pod in observation.chosen if all(_has(observation, pod, one) for one in observation.adapter.editions)
    ]


def _has(observation: AdapterObservation, pod: str, edition: AdapterEdition) -> bool:
    return observation.place(pod, edition).state is AdapterState.LOADED


def _loaded(observation: AdapterObservation, name: str) -> int:
    edition = next(one for one in observation.adapter.editions if observation.adapter.engine_name(one) == name)
    return sum(_has(observation, pod, edition) for pod in observation.chosen)


def _version(observation: AdapterObservation, edition: AdapterEdition) -> Manifest:
    places = [(pod, observation.place(pod, edition)) for pod in observation.chosen]
    found: Manifest = {
        "digest": edition.digest,
        "name": observation.adapter.engine_name(edition),
        "traffic": edition.traffic,
        "chosen": len(places),
        "staged": sum(one.state in _HELD for _, one in places),
        "loaded": sum(one.state is AdapterState.LOADED for _, one in places),
    }
    missing = sorted(
        ((pod, one) for pod, one in places if one.reason is not None), key=lambda it: (_weight(it[1]), it[0])
    )
    if missing:
        pod, place = missing[0]
        assert place.reason is not None
        found |= {"reason": place.reason.value, "message": f"{pod}: {place.message}"[:LONGEST]}
    return found
