"""What people apply in a lane: the deployment, the policy and the Secret that it may name."""

from collections.abc import Mapping
from typing import Any

from campaign import specs
from campaign.kube import Kube, Refusal
from campaign.moves import Edit, Field
from campaign.world import Lane

Manifest = dict[str, Any]


class DeploymentOwner:
    """The hands of a deployment's owner."""

    def __init__(self, kube: Kube, engine: Mapping[str, Any] | None = None) -> None:
        self._kube = kube
        self._engine = dict(engine or {})
        """What every engine of this world has beside."""
        self._furnished: set[str] = set()

    async def furnish(self, lane: Lane) -> None:
        """What specs may name, as it was at first; what stands as it should is left."""
        if f"Secret/{specs.SECRET}" not in lane.present:
            await self.secret(lane, "1")
        lane.unsure.clear()
        if lane.namespace not in self._furnished:
            await self._policy(lane)
            self._furnished.add(lane.namespace)

    async def secret(self, lane: Lane, token: str) -> None:
        """The Secret, with another token."""
        head = {"name": specs.SECRET}
        made = {"apiVersion": "v1", "kind": "Secret", "metadata": head, "stringData": {"token": token}}
        await self._kube.apply(_secret(lane), made)
        lane.present.add(f"Secret/{specs.SECRET}")

    async def take_secret(self, lane: Lane) -> None:
        """The Secret goes."""
        await self._kube.delete(_secret(lane))
        lane.present.discard(f"Secret/{specs.SECRET}")
        lane.unsure.add(f"Secret/{specs.SECRET}")

    async def apply(self, lane: Lane) -> None:
        """The deployment as the lane's wish says."""
        document = specs.document(lane.wanted, lane.namespace, lane.name, engine=self._engine)
        await self._kube.apply(place(lane), document)

    async def edit(self, lane: Lane, edit: Edit) -> str:
        """One field; what is refused is not wished for any more."""
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
    """Where the lane's deployment stands in the API."""
    return f"/apis/fairlead.dev/v1alpha1/namespaces/{lane.namespace}/inferencedeployments/{lane.name}"


def _secret(lane: Lane) -> str:
    return f"/api/v1/namespaces/{lane.namespace}/secrets/{specs.SECRET}"
