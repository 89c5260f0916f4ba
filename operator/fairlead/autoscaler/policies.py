"""Which policy decides for a deployment: the named one, the built-in one, or why there is none to decide by. Pure."""

from dataclasses import dataclass, field
from typing import Final

from fairlead.api import into_policies, reading
from fairlead.api.kinds import POLICY
from fairlead.cluster import kinds
from fairlead.cluster.doors import World
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.policies import Policy
from fairlead.scaling import linting

BUILT_IN: Final = Policy()
"""What a deployment gets that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPolicy:
    """Nothing to decide by: what is recommended stays."""

    because: str


@dataclass(slots=True)
class Policies:
    """Policies as last read; reading one costs more than deciding by it."""

    _read: dict[str, tuple[int, Policy | NoPolicy]] = field(default_factory=dict)

    def of(self, world: World, namespace: str, name: str | None) -> Policy | NoPolicy:
        """By name, in the deployment's namespace."""
        if name is None:
            return BUILT_IN
        found = world.of(kinds.AUTOSCALING_POLICY).find(namespace, name)
        if found is None:
            return NoPolicy(because=f"there is no AutoscalingPolicy {name} in namespace {namespace}; create it")
        uid, generation = found["metadata"]["uid"], found["metadata"]["generation"]
        known = self._read.get(uid)
        if known is None or known[0] != generation:
            self._read[uid] = known = (generation, _read(found, name))
        return known[1]

    def keep(self, world: World) -> None:
        """Drop what is gone."""
        there = {one["metadata"]["uid"] for one in world.of(kinds.AUTOSCALING_POLICY).each()}
        for uid in self._read.keys() - there:
            del self._read[uid]


def _read(document: Manifest, name: str) -> Policy | NoPolicy:
    found = reading.read_stored(document, POLICY)
    if found.value is None or found.problems:
        words = " | ".join(one.sentence for one in found.problems)
        return NoPolicy(because=f"AutoscalingPolicy {name} cannot be read: {words}")
    policy = into_policies.policy(found.value.spec)
    if refused := " | ".join(one.sentence for one in linting.refusals(policy)):
        return NoPolicy(because=f"AutoscalingPolicy {name} cannot work: {refused}")
    return policy
