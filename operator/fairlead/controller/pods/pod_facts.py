"""Facts of one deployment from its pods and routers' reports: routable pods, problems, starts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_starts import PodStart
from fairlead.controller.pods import pod_troubles, preflight
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status import hung_status
from fairlead.controller.status.status_inputs import StartDurations
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.endpoints import NOT_PROBED, EndpointState, HourSpend, RouterEndpoint, RouterReport
from fairlead.fleet.hung_replicas import HungReplicaDecision, HungReplicaReason
from fairlead.fleet.pod_problems import PodProblem
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.planning.hung_replicas import HUNG_SECONDS

IS_REPLACED: Final = frozenset(
    {HungReplicaReason.NOT_CONFIRMED, HungReplicaReason.REPLACING, HungReplicaReason.REPLACED}
)
"""With these, a replica that hangs is replaced as soon as the rules allow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedRouterReport:
    """The reports of all routers, merged."""

    reporting: int = 0
    routable: Mapping[str, bool]
    busy: Mapping[str, int]
    """Requests in flight, by pod, over all routers."""
    reasons: Mapping[str, str]
    """Why a pod that routers tried gets no requests."""
    hour: HourSpend | None = None
    """What all spent in the last full hour; None if no router knows a price."""
    shares: tuple[TrafficShare | None, ...] = ()
    """The share that each reporting router gives a new revision."""


def merged_reports(reports: Sequence[RouterReport | None]) -> MergedRouterReport:
    """Merge them. A pod is routable if any router uses it, and not routable if every reporting router does not."""
    received = [one for one in reports if one is not None]
    endpoints = [endpoint for one in received for endpoint in one.endpoints]
    routable: dict[str, bool] = {}
    busy: dict[str, int] = {}
    for one in endpoints:
        routable[one.pod] = routable.get(one.pod, False) or one.state is EndpointState.ROUTABLE
        busy[one.pod] = busy.get(one.pod, 0) + one.inflight
    reasons = {one.pod: one.reason for one in endpoints if _is_failing(one) and not routable[one.pod]}
    hours = [one.hour for one in received if one.hour is not None]
    hour = HourSpend(cost=fsum(one.cost for one in hours), tokens=sum(one.tokens for one in hours)) if hours else None
    return MergedRouterReport(
        reporting=len(received),
        routable=routable,
        busy=busy,
        reasons=reasons,
        hour=hour,
        shares=tuple(one.share for one in received),
    )


def _is_failing(one: RouterEndpoint) -> bool:
    """Whether a router tried it and failed, unlike a pod that is new, starting or draining."""
    tried = one.state in {EndpointState.PROBING, EndpointState.EJECTED}
    return tried and one.reason not in {"", NOT_PROBED}


def troubles(
    observed: DeploymentSnapshot, reasons: Mapping[str, str], hung: HungReplicaDecision | None = None
) -> dict[str, tuple[PodProblem, ...]]:
    """Return the problems of pods, by revision; `reasons` are those of routers for pods they do not use."""
    found = {
        revision: tuple(
            one
            for pod in (*some, *preflight.troubled(revision, observed.checks))
            if (one := pod_troubles.trouble(pod) or _mute(pod, reasons, hung)) is not None
        )
        for revision, some in observed.pods.items()
    }
    return {revision: some for revision, some in found.items() if some}


def _mute(pod: Manifest, reasons: Mapping[str, str], hung: HungReplicaDecision | None) -> PodProblem | None:
    """Return the problem of a pod that is Ready but gets no requests, since it failed the router's probe request."""
    name = pod["metadata"]["name"]
    if name not in reasons or not pods.is_ready(pod):
        return None
    words = f"its probes pass, and routers send it nothing: {reasons[name]}"
    return PodProblem(pod=name, reason=ConditionReason.NO_TOKENS, message=f"{words}; {_remedy(hung)}")


def _remedy(hung: HungReplicaDecision | None) -> str:
    """Return what becomes of a mute pod, and what a person can do; the same while nothing changes."""
    if hung is not None and hung.reason in hung_status.REPORTED:
        return hung.because
    if hung is not None and hung.reason in IS_REPLACED:
        seconds = f"{HUNG_SECONDS:g} s"
        return f"it is replaced if it has served and hangs for {seconds} for every router, else delete it; see its log"
    return "nothing restarts an engine whose probes pass, so delete the pod if this lasts; kubectl logs shows more"


def unplaced(observed: DeploymentSnapshot) -> str | None:
    """Return the scheduler's message about the first pod without a node, or about a check that no node takes; else the
    first pod's that waits for admission, as one does in a queue of Kueue."""
    everyone = [pod for revision in sorted(observed.pods) for pod in observed.pods[revision]]
    refused = (*map(pods.unplaced, everyone), *map(preflight.unplaceable, observed.checks))
    return next(filter(None, (*refused, *map(pods.gated, (*everyone, *observed.checks)))), None)


def starts(observed: DeploymentSnapshot, measured: Mapping[str, PodStart]) -> dict[str, StartDurations]:
    """Return measured starts by revision; the keys of `measured` are UIDs of pods."""
    found = {}
    for revision, some in observed.pods.items():
        of = [measured[uid] for pod in _oldest_first(some) if (uid := pod["metadata"]["uid"]) in measured]
        if of:
            ranked, last = sorted(one.cold_s for one in of), of[-1]
            late = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
            found[revision] = StartDurations(last_s=last.cold_s, p95_s=late, node_s=last.node_s, image_s=last.image_s)
    return found


def _oldest_first(some: Iterable[Manifest]) -> list[Manifest]:
    return sorted(some, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
