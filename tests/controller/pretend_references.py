"""What the controller finds of referenced objects that no informer watches, in a fake cluster."""

from collections.abc import Mapping, Sequence

from fairlead.controller.reference_cache import NOTHING
from fairlead.review.context import ObjectKey
from tests.cluster.fake_objects import Objects


class PretendReferences:
    """Secrets, ConfigMaps and claims by name."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def present(
        self, named: Sequence[ObjectKey], needed: Mapping[ObjectKey, frozenset[str]] = NOTHING
    ) -> Mapping[ObjectKey, frozenset[str]]:
        """Those that exist."""
        del needed  # nothing here is remembered
        titles = {"Secret": "secrets", "ConfigMap": "configmaps", "PersistentVolumeClaim": "persistentvolumeclaims"}
        found = {key: self._objects.held.get((titles[key.kind], key.namespace, key.name)) for key in named}
        return {key: frozenset(live.get("data") or ()) for key, live in found.items() if live is not None}
