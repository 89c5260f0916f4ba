"""What the controller finds of referenced objects that no informer watches, in a fake cluster."""

from collections.abc import Mapping, Sequence

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, of_answer
from fairlead.controller.reference_cache import NOTHING
from fairlead.review.context import ObjectKey
from tests.cluster.fake_objects import Objects


class PretendReferences:
    """Secrets, ConfigMaps and claims by name."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.unreadable: set[str] = set()
        """Names of Secrets that the API server fails to read, such as one that it cannot decrypt."""
        self.status = 500
        """Of those answers."""

    async def present(
        self, named: Sequence[ObjectKey], needed: Mapping[ObjectKey, frozenset[str]] = NOTHING
    ) -> Mapping[ObjectKey, frozenset[str]]:
        """Those that exist."""
        del needed  # nothing here is remembered
        for key in named:
            if key.name in self.unreadable:
                request = ApiRequest(verb="get", resource=kinds.SECRET, namespace=key.namespace, name=key.name)
                raise of_answer(
                    request, self.status, b'{"message": "unable to transform key: no matching key was found"}'
                )
        titles = {"Secret": "secrets", "ConfigMap": "configmaps", "PersistentVolumeClaim": "persistentvolumeclaims"}
        found = {key: self._objects.held.get((titles[key.kind], key.namespace, key.name)) for key in named}
        return {key: frozenset(live.get("data") or ()) for key, live in found.items() if live is not None}
