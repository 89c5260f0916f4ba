"""Policies and the deployments that name them: what is said of the two together.

The policy's own faults are `scaling.linting`, the pair's are `scaling.pairing`; here both meet what objects say.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from fairlead.api import into_policies, into_wanted, kinds, reading
from fairlead.cluster.kinds import Manifest
from fairlead.controller import unreachable
from fairlead.controller.known import Key, Known
from fairlead.fleet.gateways import OwnRouter, WantedDeployment
from fairlead.fleet.policies import Policy, ReplicaBounds
from fairlead.fleet.refusals import Caution
from fairlead.scaling import linting, pairing
from fairlead.scaling.pairing import User

TOLD: Final = 8
"""Remarks that a policy's condition repeats; a policy of a hundred deployments would else fill it."""


def read(document: object) -> tuple[Key, Policy] | None:
    """A policy as written, under its key; nothing where it is none, or cannot be read."""
    found = reading.read_stored(document, kinds.POLICY).value
    if found is None:
        return None
    return Key(kinds.POLICY.name, found.namespace, found.name), into_policies.policy(found.spec)


def cautions(deployment: WantedDeployment, known: Known) -> tuple[Caution, ...]:
    """What the policy that this deployment names and the deployment prevent each other from, where both are known."""
    bounds, namespace = deployment.replicas, deployment.wanted.namespace
    if not isinstance(bounds, ReplicaBounds) or bounds.policy is None:
        return ()
    policy = known.policies.get(Key(kinds.POLICY.name, namespace, bounds.policy))
    return () if policy is None else tuple(_pair(deployment, bounds, policy, known))


def _pair(deployment: WantedDeployment, bounds: ReplicaBounds, policy: Policy, known: Known) -> Iterator[Caution]:
    yield from pairing.cautions(_user(deployment, bounds, known), policy)
    yield from unreachable.cautions(deployment.wanted, policy, bounds.policy or "", known)


class Remarks:
    """What people should know of policies that work, found anew only where a policy or who names it was edited.

    A policy's status is looked at whenever one of its deployments changes, and judging each of them takes 1.5 ms.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._found: dict[tuple[str, str], tuple[object, tuple[str, ...]]] = {}

    def of(self, document: Manifest, policy: Policy, users: Sequence[Manifest]) -> tuple[str, ...]:
        """The policy's own faults, then those beside each that names it."""
        place = (document["metadata"]["namespace"], document["metadata"]["name"])
        edited = tuple(_edition(one) for one in (document, *users))
        before = self._found.get(place)
        if before is None or before[0] != edited:
            before = self._found[place] = (edited, tuple(_remarks(policy, users, self._known)))
        return before[1]


def _edition(document: Manifest) -> tuple[object, object]:
    metadata = document["metadata"]
    return metadata.get("uid"), metadata.get("generation")


def _remarks(policy: Policy, users: Iterable[Manifest], known: Known) -> Iterator[str]:
    said = [one.sentence for one in linting.cautions(policy)]
    for document in users:
        found = reading.read_stored(document, kinds.DEPLOYMENT).value
        deployment = into_wanted.deployment(found, known.releases) if found else None
        if deployment and isinstance(deployment.replicas, ReplicaBounds):
            pairs = _pair(deployment, deployment.replicas, policy, known)
            said += [f"{deployment.wanted.name}: {one.sentence}" for one in pairs]
    yield from said[:TOLD]
    if len(said) > TOLD:
        yield f"and {len(said) - TOLD} more"


def _user(deployment: WantedDeployment, bounds: ReplicaBounds, known: Known) -> User:
    wanted, door = deployment.wanted, deployment.door
    accelerator = known.accelerator(wanted.product)
    price = accelerator.price_an_hour if accelerator else None
    routing = door.routing if isinstance(door, OwnRouter) else None
    return User(
        bounds=bounds,
        price_per_hour=None if price is None else price * wanted.gpus_per_replica,
        sleeps=wanted.engine.sleeps,
        engine_queue=wanted.engine.max_queued_requests,
        router_queue=routing.limits.max_queued if routing else None,
        held_seconds=routing.hold.max_seconds if routing else None,
    )
