"""What the stored status of a deployment says while no replica of it is wanted, for objects that depend on it. Pure."""

from typing import Final

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType
from fairlead.fleet.policies import ScalingReason

_DECIDES: Final = frozenset({Why.RECOMMENDED, Why.NO_RECOMMENDATION})


def is_at_zero(deployment: Manifest) -> bool:
    """Whether it is Ready without a replica, since none is wanted."""
    ready: object = pods.condition(deployment, ConditionType.READY).get("reason")
    return ready == Why.SCALED_TO_ZERO


def wakes(deployment: Manifest) -> bool:
    """Whether it is at zero, and a request makes the autoscaler start a replica; as `routing_conditions.wakes`."""
    scaled = (deployment.get("status") or {}).get("scaling") or {}
    decides = pods.condition(deployment, ConditionType.SCALING_ACTIVE).get("reason") in _DECIDES
    pays = scaled.get("reason") != ScalingReason.OVER_BUDGET
    return is_at_zero(deployment) and decides and pays
