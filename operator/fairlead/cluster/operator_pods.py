"""The operator's own pods, as somebody outside finds them: those that decide, and those that may receive a token.

Whoever may create a pod in any namespace may give it the operator's labels, so that only a pod's namespace shows whose
it is.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest

DECIDERS: Final = "app.kubernetes.io/name=fairlead,app.kubernetes.io/component in (operator,autoscaler)"
DEFAULT_NAMESPACE: Final = "fairlead-system"

PodPlace = tuple[str, str]
"""The namespace and the name of a pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlistedPods:
    """The pods of the operator's own namespace may not be listed."""

    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPods:
    """Where the operator's pods are."""

    api: ApiServer
    named: str | None
    """The operator's namespace, as the user names it; None: not at all."""

    @property
    def trusted_namespace(self) -> str:
        """The operator's namespace by the user or by our own convention, never by what tenants can write."""
        return self.named or DEFAULT_NAMESPACE

    async def trusted(self, selector: str) -> list[Manifest] | UnlistedPods:
        """List those of its own namespace, `fairlead-system` unless another one is named.

        Only these may receive a token: anybody's pod may have the labels, and nobody else's is in that namespace.
        """
        try:
            return (await self.api.listing(kinds.POD, self.trusted_namespace, selector)).items
        except RequestRefused as refused:
            return UnlistedPods(refusal=refused.message)

    async def deciders(self) -> list[PodPlace] | UnlistedPods:
        """Return the places of those that decide, in order.

        They are elsewhere only if its own namespace has none, and only to read pages without a token.
        """
        found = await self.trusted(DECIDERS)
        if not found and self.named is None:
            found = await self._anywhere()
        if isinstance(found, UnlistedPods):
            return found
        return sorted((one["metadata"]["namespace"], one["metadata"]["name"]) for one in found)

    async def _anywhere(self) -> list[Manifest]:
        """List those of all namespaces; none without the right to."""
        try:
            return (await self.api.listing(kinds.POD, None, DECIDERS)).items
        except RequestRefused as refused:
            if not refused.lacks_right:
                raise
            return []
