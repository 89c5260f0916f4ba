"""Policies and the deployments that name them: warnings about the two together.

`scaling.lint.policy_lint` finds a policy's own faults, `policy_use_lint` those of the pair; both get objects here.
"""

from collections.abc import Iterator, Sequence

from fairlead.api import deployment_conversion, kinds, object_reader, policy_conversion
from fairlead.fleet import findings
from fairlead.fleet.accelerators import replica_price
from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.objects.manifest import Manifest
from fairlead.review import unreachable_objectives
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.scaling.lint import policy_lint, policy_use_lint
from fairlead.scaling.lint.policy_use_lint import PolicyUse


def read(document: object) -> tuple[ObjectKey, ScalingPolicy] | None:
    """Read a policy as written, with its key; None if the document is no policy or cannot be read."""
    found = object_reader.read_stored(document, kinds.POLICY).value
    if found is None:
        return None
    return ObjectKey(kinds.POLICY.name, found.namespace, found.name), policy_conversion.policy(found.spec)


def objective_of(document: Manifest | None) -> float | None:
    """Return the time-to-first-token objective of a stored policy, if it can be read and has one."""
    found = read(document) if document is not None else None
    return None if found is None else found[1].objectives.ttft_p95_seconds


def first_token_seconds(deployment: DesiredDeployment, context: ReviewContext) -> float | None:
    """Return the time-to-first-token objective of this deployment's policy, if that is known and has one."""
    policy = named(deployment, context)
    return None if policy is None else policy.objectives.ttft_p95_seconds


def named(deployment: DesiredDeployment, context: ReviewContext) -> ScalingPolicy | None:
    """Return the policy that this deployment names, if it does and the policy is known."""
    bounds = deployment.replicas
    if not isinstance(bounds, ReplicaBounds) or bounds.policy is None:
        return None
    return context.policies.get(ObjectKey(kinds.POLICY.name, deployment.revision.namespace, bounds.policy))


def warnings(deployment: DesiredDeployment, context: ReviewContext) -> tuple[SpecWarning, ...]:
    """Warn where this deployment and the policy it names keep each other from working, if the policy is known."""
    bounds, policy = deployment.replicas, named(deployment, context)
    if policy is None or not isinstance(bounds, ReplicaBounds):
        return ()
    return tuple(_pair(deployment, bounds, policy, context))


def _pair(
    deployment: DesiredDeployment, bounds: ReplicaBounds, policy: ScalingPolicy, context: ReviewContext
) -> Iterator[SpecWarning]:
    yield from policy_use_lint.policy_use_warnings(_user(deployment, bounds, context), policy)
    yield from unreachable_objectives.warnings(deployment.revision, policy, bounds.policy or "", context)


class PolicyWarnings:
    """Warnings about valid policies, of each user recomputed only if the policy or this user was edited.

    A policy is reconciled whenever the spec of one of its deployments changes, and the review of each takes 1.5 ms.
    """

    def __init__(self, context: ReviewContext) -> None:
        self._context = context
        self._found: dict[tuple[str, str], dict[object, tuple[str, ...]]] = {}
        """By policy, what was found of it and of each user in these editions of both."""

    def forget(self, namespace: str, name: str) -> None:
        """Drop what is kept for a deleted policy."""
        self._found.pop((namespace, name), None)

    def of(self, document: Manifest, policy: ScalingPolicy, users: Sequence[Manifest]) -> tuple[str, ...]:
        """Return the policy's own faults, then the warnings for each deployment that names it."""
        place = (document["metadata"]["namespace"], document["metadata"]["name"])
        before, found = self._found.get(place, {}), dict[object, tuple[str, ...]]()
        for one in users:
            editions = _edition(document), _edition(one)
            kept = before.get(editions)
            found[editions] = tuple(_of_user(one, policy, self._context)) if kept is None else kept
        self._found[place] = found
        own = (one.sentence for one in policy_lint.policy_warnings(policy))
        return tuple(findings.shown((*own, *(each for some in found.values() for each in some))))


def _edition(document: Manifest) -> tuple[object, ...]:
    metadata = document["metadata"]
    return metadata["name"], metadata.get("uid"), metadata.get("generation")


def _of_user(document: Manifest, policy: ScalingPolicy, context: ReviewContext) -> Iterator[str]:
    found = object_reader.read_stored(document, kinds.DEPLOYMENT).value
    deployment = deployment_conversion.deployment(found, context.releases) if found else None
    if deployment and isinstance(deployment.replicas, ReplicaBounds):
        pairs = _pair(deployment, deployment.replicas, policy, context)
        yield from (f"{deployment.revision.name}: {one.sentence}" for one in pairs)


def _user(deployment: DesiredDeployment, bounds: ReplicaBounds, context: ReviewContext) -> PolicyUse:
    revision, router = deployment.revision, deployment.router
    accelerator = context.gpu_of(revision)
    price = accelerator.price_an_hour if accelerator else None
    routing = router.routing if isinstance(router, DeploymentRouter) else None
    return PolicyUse(
        bounds=bounds,
        price_per_hour=None if price is None else replica_price(price, revision.gpus_per_replica),
        sleeps=revision.engine.sleeps,
        engine_queue=revision.engine.max_queued_requests,
        router_queue=routing.limits.max_queued if routing else None,
        held_seconds=routing.hold.max_seconds if routing else None,
    )
