"""Whether speculative decoding is switched off for a deployment: if it does not pay and its policy allows it.

The autoscaler finds whether it pays. The spec is not changed: the target is the revision of the same object without
speculation. Pure.
"""

from fairlead.api import object_reader
from fairlead.api.kinds import POLICY
from fairlead.api.policy import PolicyMode, SwitchOff
from fairlead.api.status import SwitchState
from fairlead.fleet.conditions import ConditionReason, ConditionType
from fairlead.objects.manifest import Manifest


def is_off(status: Manifest, policy: Manifest | None) -> bool:
    """Whether the autoscaler reports so and the policy allows it; revoking that needs no autoscaler."""
    written = status.get("scaling")
    if not isinstance(written, dict) or not (
        written.get("speculation") == SwitchState.OFF or _stays_off(written, status)
    ):
        return False
    read = object_reader.read_stored(policy, POLICY).value if policy is not None else None
    return read is not None and read.spec.speculation.switch_off is SwitchOff.WHEN_IT_COSTS


def _stays_off(written: Manifest, status: Manifest) -> bool:
    """Whether it stays off, as nothing changes in mode Recommend."""
    reasons = (one.get("reason") for one in status.get("conditions") or () if one.get("type") == ConditionType.ACCEPTED)
    return written.get("mode") == PolicyMode.RECOMMEND and ConditionReason.SPECULATION_OFF in reasons


def policy_of(document: Manifest) -> str | None:
    """Return the policy that a deployment names."""
    spec = document.get("spec")
    scaling = spec.get("scaling") if isinstance(spec, dict) else None
    policy = scaling.get("policy") if isinstance(scaling, dict) else None
    name = policy.get("name") if isinstance(policy, dict) else None
    return name if isinstance(name, str) else None


def without_speculation(document: Manifest) -> Manifest:
    """Return the same object without speculative decoding."""
    spec = document["spec"]
    engine = {key: value for key, value in spec["engine"].items() if key != "speculation"}
    return document | {"spec": spec | {"engine": engine}}
