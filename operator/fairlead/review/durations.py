"""Durations of one deployment that contradict each other, or the time that a replica takes to start. Pure."""

from collections.abc import Iterator

from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, HoldLimits, RoutingSettings
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.fleet.tenants import LongLaneLimits
from fairlead.review import route_limits
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.result import AdmissionReason


def warnings(deployment: DesiredDeployment, context: ReviewContext) -> Iterator[SpecWarning]:
    """Warn of durations that are valid and used as written, but make another one, or themselves, useless."""
    yield from _drain(deployment)
    if isinstance(deployment.router, DeploymentRouter):
        yield from timeouts(deployment.router.routing, "spec.router")
        yield from route_limits.warnings(deployment.router.routing, deployment.router.pods, "spec.router")
        yield from _hold(deployment, deployment.router, context)


def _drain(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    settle, timeout = deployment.drain.settle_seconds, deployment.drain.timeout_seconds
    if settle > timeout:
        yield SpecWarning(
            field="spec.drain.settle",
            value=f"{settle:g}s",
            reason=AdmissionReason.NEVER_REACHED,
            because=f"a draining replica accepts requests for {settle:g} s, and then cuts those that take longer than "
            f"{timeout:g} s",
            remedy=f"write {timeout:g}s or less, or raise spec.drain.timeout above {settle:g}s",
        )


def timeouts(routing: RoutingSettings, field: str) -> Iterator[SpecWarning]:
    """Warn of each time that never passes, as the router's total time-out expires before."""
    limits = routing.timeouts
    total = limits.total_seconds
    for name, seconds in (
        ("timeouts.connect", limits.connect_seconds),
        ("timeouts.firstToken", limits.first_token_seconds),
        ("timeouts.betweenTokens", limits.between_tokens_seconds),
        *_waits(routing),
    ):
        if seconds > total:
            yield SpecWarning(
                field=f"{field}.{name}",
                value=f"{seconds:g}s",
                reason=AdmissionReason.NEVER_REACHED,
                because=f"timeouts.total ends the whole request after {total:g} s, so this time is never reached",
                remedy=f"write less than {total:g}s, or raise {field}.timeouts.total",
            )


def _waits(routing: RoutingSettings) -> Iterator[tuple[str, float]]:
    """Return how long requests may wait, where it is not the default; batch work waits before its total time begins."""
    hold, queue, long = routing.hold.max_seconds, routing.limits.max_queue_seconds, routing.long_lane
    if hold != HoldLimits().max_seconds:
        yield "hold.maxTime", hold
    if queue is not None:
        yield "limits.maxQueueTime", queue
    if long is not None and long.max_queue_seconds != LongLaneLimits().max_queue_seconds:
        yield "lanes.long.maxQueueTime", long.max_queue_seconds


def _hold(deployment: DesiredDeployment, router: DeploymentRouter, context: ReviewContext) -> Iterator[SpecWarning]:
    """Check the hold: with a single replica, every restart and rollout leaves none until another has started."""
    bounds, hold = deployment.replicas, router.routing.hold
    policy = _policy(deployment, context)
    least = bounds.least if isinstance(bounds, ReplicaBounds) else bounds
    if least > 1 or hold.max_requests == 0 or (least == 0 and policy.zero_after_seconds is not None):
        return
    cold = policy.cold_start.assume_seconds
    if hold.max_seconds < cold:
        yield SpecWarning(
            field="spec.router.hold.maxTime",
            value=f"{hold.max_seconds:g}s",
            reason=AdmissionReason.SHORTER_THAN_COLD_START,
            because=f"a replica is assumed to take {cold:g} s to start (coldStart.assume of the policy), so requests "
            f"that come while none serves get 503 after {hold.max_seconds:g} s",
            remedy=f"write more than {cold:g}s, or hold.maxRequests: 0 to refuse at once",
        )


def _policy(deployment: DesiredDeployment, context: ReviewContext) -> ScalingPolicy:
    """Return the policy that the deployment names, if it is known; else the built-in one."""
    bounds, namespace = deployment.replicas, deployment.revision.namespace
    if not isinstance(bounds, ReplicaBounds) or bounds.policy is None:
        return ScalingPolicy()
    return context.policies.get(ObjectKey("AutoscalingPolicy", namespace, bounds.policy), ScalingPolicy())
