"""Gateways as they stand in the stores, read once a generation: a large one takes milliseconds to read."""

from collections import OrderedDict
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.gateways import DesiredGateway, GatewayReference
from fairlead.review import gateway_review

MOST_KEPT: Final = 64


class GatewayReader:
    """What was read lately."""

    def __init__(self) -> None:
        self._read: OrderedDict[str, tuple[int, DesiredGateway | None]] = OrderedDict()

    def find(self, world: ClusterState, reference: GatewayReference) -> DesiredGateway | None:
        """The gateway of that name; None where there is none, it is being deleted, or it cannot be read."""
        document = world.of(kinds.INFERENCE_GATEWAY).find(reference.namespace, reference.name)
        if document is None or "deletionTimestamp" in document["metadata"]:
            return None
        return self.of(document)

    def of(self, document: Manifest) -> DesiredGateway | None:
        """A stored gateway."""
        uid, generation = document["metadata"]["uid"], document["metadata"]["generation"]
        kept = self._read.get(uid)
        if kept is None or kept[0] != generation:
            found = gateway_review.read(document)
            kept = self._read[uid] = (generation, found[1] if found else None)
        self._read.move_to_end(uid)
        if len(self._read) > MOST_KEPT:
            self._read.popitem(last=False)
        return kept[1]

    def forget(self, uid: str) -> None:
        """A gateway is gone."""
        self._read.pop(uid, None)
