"""What users apply in a lane: the deployment, the policy and the Secret that it may name."""

from collections.abc import Mapping
from typing import Any

from campaign import specs
from campaign.kube import Kube, Refusal
from campaign.moves import Edit, Field
from campaign.world import Lane

Manifest = dict[str, Any]


class DeploymentOwner:
    """The deployment's owner."""

    def __init__(self, kube: Kube, engine: Mapping[str, Any] | None = None) -> None:
        self._kube = kube
        self._engine = dict(engine or {})
        """Fields that every engine of this world has in addition."""
        self._furnished: set[str] = set()

    async def furnish(self, lane: Lane) -> None:
        """Restore what specs may name; objects in the right state stay."""
        if f"Secret/{specs.SECRET}" not in lane.present:
            await self.secret(lane, "1")
        lane.unsure.clear()
        if lane.namespace not in self._furnished:
            await self._policy(lane)
            self._furnished.add(lane.namespace)

    async def secret(self, lane: Lane, token: str) -> None:
        """Apply the Secret with another token."""
        head = {"name": specs.SECRET}
        made = {"apiVersion": "v1", "kind": "Secret", "metadata": head, "stringData": {"token": token}}
        await self._kube.apply(_secret(lane), made)
        lane.present.add(f"Secret/{specs.SECRET}")

    async def take_secret(self, lane: Lane) -> None:
        """Delete the Secret."""
        await self._kube.delete(_secret(lane))
        lane.present.discard(f"Secret/{specs.SECRET}")
        lane.unsure.add(f"Secret/{specs.SECRET}")

    async def apply(self, lane: Lane) -> None:
        """Apply the lane's wanted spec."""
        document = specs.document(lane.wanted, lane.namespace, lane.name, engine=self._engine)
        await self._kube.apply(place(lane), document)

    async def edit(self, lane: Lane, edit: Edit) -> str:
        """Edit one field; a refused edit is dropped from the wanted spec."""
        if edit.deed in {Field.POLICY_TARGET, Field.POLICY_MODE}:
            self._furnished.discard(lane.namespace)
            change = {"target" if edit.deed is Field.POLICY_TARGET else "mode": edit.value}
            await self._policy(lane, **change)
            return ""
        before, lane.wanted = lane.wanted, lane.wanted.edited(edit)
        try:
            await self.apply(lane)
        except Refusal as problem:
            lane.wanted = before
            return str(problem)
        return ""

    async def _policy(self, lane: Lane, **changes: Any) -> None:  # noqa: ANN401  # fields of a policy
        path = f"/apis/fairlead.dev/v1alpha1/namespaces/{lane.namespace}/autoscalingpolicies/{specs.POLICY}"
        await self._kube.apply(path, specs.policy(lane.namespace, **changes))
        lane.present.add(f"AutoscalingPolicy/{specs.POLICY}")


def place(lane: Lane) -> str:
    """The path of the lane's deployment in the API."""
    return f"/apis/fairlead.dev/v1alpha1/namespaces/{lane.namespace}/inferencedeployments/{lane.name}"


def _secret(lane: Lane) -> str:
    return f"/api/v1/namespaces/{lane.namespace}/secrets/{specs.SECRET}"
