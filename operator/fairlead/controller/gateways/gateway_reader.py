"""Gateways as the stores have them, parsed once per generation: a large one takes milliseconds to parse."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from fairlead.api import gateway_conversion, object_reader
from fairlead.api.kinds import GATEWAY
from fairlead.cluster import kinds
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.findings import SpecFinding, SpecWarning
from fairlead.fleet.gateways import DesiredGateway, GatewayReference
from fairlead.review import deprecated_fields

MAX_KEPT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGateway:
    """A stored gateway, as far as it could be read."""

    gateway: DesiredGateway | None
    problems: tuple[SpecFinding, ...]
    old_names: tuple[SpecWarning, ...] = ()
    """Fields that the next release no longer reads."""


class GatewayReader:
    """Caches recently parsed gateways."""

    def __init__(self) -> None:
        self._read: OrderedDict[str, tuple[int, StoredGateway]] = OrderedDict()

    def find(self, cluster: ClusterState, reference: GatewayReference) -> DesiredGateway | None:
        """Return the gateway of that name; None if there is none, it is being deleted, or it cannot be read."""
        document = cluster.of(kinds.INFERENCE_GATEWAY).find(reference.namespace, reference.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            return None
        return self.of(document).gateway

    def of(self, document: Manifest) -> StoredGateway:
        """Parse a stored gateway."""
        uid, generation = document["metadata"]["uid"], document["metadata"]["generation"]
        kept = self._read.get(uid)
        if kept is None or kept[0] != generation:
            kept = self._read[uid] = (generation, _stored(document))
        self._read.move_to_end(uid)
        if len(self._read) > MAX_KEPT:
            self._read.popitem(last=False)
        return kept[1]

    def forget(self, uid: str) -> None:
        """Drop a deleted gateway."""
        self._read.pop(uid, None)


def _stored(document: Manifest) -> StoredGateway:
    found = object_reader.read_stored(document, GATEWAY)
    if found.value is None:
        return StoredGateway(gateway=None, problems=found.problems)
    old_names = tuple(deprecated_fields.warnings(found.value.spec))
    return StoredGateway(gateway=gateway_conversion.gateway(found.value), problems=found.problems, old_names=old_names)
