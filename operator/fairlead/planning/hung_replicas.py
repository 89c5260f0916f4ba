"""Whether a replica that hangs is replaced, and which one: never more than one at once, and never on a guess.

Each rule sees all facts, and the first that speaks decides. What routers do not report is unknown, and an unknown
replaces nothing: an engine that is kept too long costs a replica, one that is ended wrongly cuts what it serves.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fairlead.fleet.endpoints import EndpointState, RouterEndpoint, RouterReport
from fairlead.fleet.hung_replicas import (
    HungReplicaAction,
    HungReplicaDecision,
    HungReplicaReason,
    ReplacedReplica,
    ReplicaPod,
)
from fairlead.fleet.plurals import count, part, verb

HUNG_SECONDS: Final = 120.0
"""How long every router must have seen it hang, and how long it must have been ready: twice the default time-out of a
router's probe."""
MAX_AN_HOUR: Final = 3
"""Replicas of one deployment that are replaced within an hour; if that many hang, new pods are no remedy."""
MIN_IN_COMMON: Final = 2
"""Replicas that must hang to look like a common cause: the only replica of a deployment is replaced."""
HOUR: Final = timedelta(hours=1)
CLOCKS: Final = timedelta(seconds=5)
"""By how much the clocks of the operator and the API server may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HungReplicaFacts:
    """All that one decision reads."""

    action: HungReplicaAction
    reports: tuple[RouterReport | None, ...]
    """One of each ready router; None: no answer."""
    pods: tuple[ReplicaPod, ...]
    """All engine pods that exist."""
    replaced: tuple[ReplacedReplica, ...] = ()
    """Replaced before, newest first."""

    @property
    def serving(self) -> tuple[ReplicaPod, ...]:
        """Replicas that should serve: ready, awake and not ending."""
        return tuple(one for one in self.pods if one.ready_since is not None and not one.ending and not one.asleep)


_Rule = Callable[[HungReplicaFacts, datetime], HungReplicaDecision | None]


def decide(facts: HungReplicaFacts, now: datetime) -> HungReplicaDecision:
    """Return the replica to replace now, or why there is none."""
    return next(found for rule in _RULES if (found := rule(facts, now)) is not None)


def _turned_off(facts: HungReplicaFacts, _: datetime) -> HungReplicaDecision | None:
    if facts.action is HungReplicaAction.REPLACE:
        return None
    return _kept(HungReplicaReason.TURNED_OFF, "spec.repair.hungReplicas is Keep")


def _none_hangs(facts: HungReplicaFacts, _: datetime) -> HungReplicaDecision | None:
    """Conclude it from answers: if no router gives one, nothing is known."""
    if _hanging(facts) or (facts.reports and not any(facts.reports)):
        return None
    return _kept(HungReplicaReason.NONE_HANGS, "no router reports a replica that hangs")


def _routers_silent(facts: HungReplicaFacts, _: datetime) -> HungReplicaDecision | None:
    silent = sum(one is None for one in facts.reports)
    if not silent:
        return None
    words = f"{part(silent, len(facts.reports), 'ready router', 'does')} not report the endpoints"
    return _kept(HungReplicaReason.ROUTERS_SILENT, f"{words}; kubectl logs of the routers shows more")


def _not_confirmed(facts: HungReplicaFacts, now: datetime) -> HungReplicaDecision | None:
    if _confirmed(facts, now):
        return None
    words = f"no replica has hung for {HUNG_SECONDS:g} s at every router, after it served"
    return _kept(HungReplicaReason.NOT_CONFIRMED, words)


def _max_hang(facts: HungReplicaFacts, _: datetime) -> HungReplicaDecision | None:
    """Keep all where more than half hang, since the cause is likely a common one; a single one shows none."""
    hanging, serving = len(_hanging(facts)), len(facts.serving)
    if hanging < MIN_IN_COMMON or 2 * hanging <= serving:
        return None
    words = (
        f"{hanging} of {count(serving, 'ready replica')} {verb(hanging, 'hangs')}, more than half, so none is replaced"
    )
    cause = "a request, the revision or a driver may be the cause: read the logs, then delete the pods"
    return _kept(HungReplicaReason.MAX_HANG, f"{words}; {cause}")


def _replacing(facts: HungReplicaFacts, now: datetime) -> HungReplicaDecision | None:
    """Wait for the last one to end and for a new one to be ready; one whose pod stays has yet to be deleted.

    After an hour nothing is waited for: the last one's node may be lost, or no node may have room for a new one, and a
    replica that hangs serves nothing.
    """
    for last in (one for one in facts.replaced[:1] if one.at > now - HOUR):
        there = next((one for one in facts.pods if one.uid == last.uid), None)
        if there is not None:
            words = f"{last.pod} was replaced and has not ended yet"
            return _kept(HungReplicaReason.REPLACING, words) if there.ending else None
        since = [one for one in facts.pods if one.created_at >= last.at - CLOCKS and not one.ending]
        ready = any(one.ready_since is not None for one in since)
        if not ready and (since or now < last.at + timedelta(seconds=HUNG_SECONDS)):
            return _kept(HungReplicaReason.REPLACING, f"the replica that replaces {last.pod} is not ready yet")
    return None


def _hourly_limit(facts: HungReplicaFacts, now: datetime) -> HungReplicaDecision | None:
    """Refuse more than the limit; one that is recorded while its pod stays was counted, and is yet to be deleted."""
    stay = {one.uid for one in facts.pods if not one.ending}
    within = [one for one in facts.replaced if one.at > now - HOUR and one.uid not in stay]
    if len(within) < MAX_AN_HOUR:
        return None
    hanging, replaced = len(_hanging(facts)), len(within)
    words = f"{count(hanging, 'replica')} {verb(hanging, 'hangs')}, and {replaced} were replaced within the last hour"
    cause = "find the cause: its log, its node's GPU, the routers' access logs; then delete the pod"
    return _kept(HungReplicaReason.HOURLY_LIMIT, f"{words}, as many as may be; {cause}")


def _replace(facts: HungReplicaFacts, now: datetime) -> HungReplicaDecision:
    """Replace the one whose record was written before, else the one that has hung for longest."""
    recorded = {one.uid for one in facts.replaced}
    found = _confirmed(facts, now)
    chosen = min(found, key=lambda one: (one.uid not in recorded, -_seconds(facts, one), one.name))
    seconds, routers = _seconds(facts, chosen), count(len(facts.reports), "router")
    node = f" on node {chosen.node}" if chosen.node else ""
    words = f"pod {chosen.name}{node} gave no token for {seconds:.0f} s to {routers} although its probes pass"
    remedy = "its ReplicaSet creates another; if one hangs on this node again, cordon it and check its GPU"
    return HungReplicaDecision(
        reason=HungReplicaReason.REPLACED,
        because=f"{words}, so it is deleted; {remedy}",
        replaces=ReplacedReplica(pod=chosen.name, uid=chosen.uid, node=chosen.node, at=now),
    )


_RULES: Final[tuple[_Rule, ...]] = (
    _turned_off,
    _none_hangs,
    _routers_silent,
    _not_confirmed,
    _max_hang,
    _replacing,
    _hourly_limit,
    _replace,
)
"""The first that returns a decision wins; the last always returns one."""


def _hanging(facts: HungReplicaFacts) -> list[ReplicaPod]:
    """Return the replicas that hang for any router, for however long."""
    return [one for one in facts.serving if any(endpoint.hung_seconds is not None for endpoint in _views(facts, one))]


def _confirmed(facts: HungReplicaFacts, now: datetime) -> list[ReplicaPod]:
    """Return the replicas that hang for every router, for long enough; one router at least had sent it requests.

    One that fails requests otherwise is as idle as one that hangs, so it must hang for one router at least.
    """
    ripe = now - timedelta(seconds=HUNG_SECONDS)
    return [
        one
        for one in _hanging(facts)
        if one.ready_since is not None
        and one.ready_since <= ripe
        and _seconds(facts, one) >= HUNG_SECONDS
        and any(endpoint.state is EndpointState.EJECTED for endpoint in _views(facts, one))
    ]


def _seconds(facts: HungReplicaFacts, pod: ReplicaPod) -> float:
    """Return how long all routers have seen it hang, or sent it nothing; 0 if one uses it or does not report it."""
    reported = [_of(report, pod) for report in facts.reports]
    every = [_since(endpoint) for some in reported for endpoint in some]
    return min(every, default=0.0) if all(reported) else 0.0


def _since(endpoint: RouterEndpoint) -> float:
    """Return how long a router has had no sign of life; one that sent nothing meanwhile has none of the contrary."""
    return endpoint.hung_seconds if endpoint.hung_seconds is not None else endpoint.idle_seconds or 0.0


def _views(facts: HungReplicaFacts, pod: ReplicaPod) -> Iterator[RouterEndpoint]:
    return (endpoint for report in facts.reports for endpoint in _of(report, pod))


def _of(report: RouterReport | None, pod: ReplicaPod) -> list[RouterEndpoint]:
    return [] if report is None else [one for one in report.endpoints if one.pod == pod.name]


def _kept(reason: HungReplicaReason, because: str) -> HungReplicaDecision:
    return HungReplicaDecision(reason=reason, because=because)
