"""Which policy decides for a deployment: the named one, the built-in one, or why none is usable. Pure."""

from dataclasses import dataclass, field
from typing import Final

from fairlead.api import object_reader, policy_conversion
from fairlead.api.kinds import POLICY
from fairlead.cluster import kinds
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.policies import ScalingPolicy
from fairlead.review import schedules
from fairlead.scaling.lint import policy_refusals

BUILT_IN: Final = ScalingPolicy()
"""The policy of a deployment that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPolicy:
    """No usable policy: the recommendation stays."""

    because: str


@dataclass(slots=True)
class PolicyCache:
    """Parsed policies, by uid and generation; parsing one costs more than a decision."""

    time_zones: frozenset[str] | None = None
    """Names of all time zones; None if they are unknown, so that none is refused."""
    _read: dict[str, tuple[int, ScalingPolicy | NoPolicy]] = field(default_factory=dict)

    def of(self, cluster: ClusterState, namespace: str, name: str | None) -> ScalingPolicy | NoPolicy:
        """Return the policy of that name in the deployment's namespace."""
        if name is None:
            return BUILT_IN
        found = cluster.of(kinds.AUTOSCALING_POLICY).find(namespace, name)
        if found is None:
            return NoPolicy(because=f"there is no AutoscalingPolicy {name} in namespace {namespace}; create it")
        uid, generation = found["metadata"]["uid"], found["metadata"]["generation"]
        entry = self._read.get(uid)
        if entry is None or entry[0] != generation:
            self._read[uid] = entry = (generation, _read(found, name, self.time_zones))
        return entry[1]

    def keep(self, cluster: ClusterState) -> None:
        """Drop policies that were deleted."""
        there = {one["metadata"]["uid"] for one in cluster.of(kinds.AUTOSCALING_POLICY).each()}
        for uid in self._read.keys() - there:
            del self._read[uid]


def _read(document: Manifest, name: str, time_zones: frozenset[str] | None) -> ScalingPolicy | NoPolicy:
    found = object_reader.read_stored(document, POLICY)
    if found.value is None or found.problems:
        words = " | ".join(one.sentence for one in found.problems)
        return NoPolicy(because=f"AutoscalingPolicy {name} cannot be read: {words}")
    policy = policy_conversion.policy(found.value.spec)
    refusals = (*schedules.refusals(policy.schedules, time_zones), *policy_refusals.refusals(policy))
    if refused := " | ".join(one.sentence for one in refusals):
        return NoPolicy(because=f"AutoscalingPolicy {name} cannot work: {refused}")
    return policy
