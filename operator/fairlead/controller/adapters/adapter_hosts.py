"""What all adapters of a deployment share, computed again after changes only.

While a replica starts, each of hundreds of adapters is polled often: each would read the deployment and go through all
others.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from fairlead.adapting.load_list import LoadList
from fairlead.cluster import kinds
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.controller.adapters import load_lists, served_adapters
from fairlead.controller.adapters.served_adapters import AdapterReader, ServedAdapters
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.review import deployment_review
from fairlead.review.context import ReviewContext
from fairlead.review.deployment_review import DeploymentReview

MAX_HOSTS: Final = 256


@dataclass(slots=True)
class AdapterHost:
    """One version of a deployment, with its adapters as last listed."""

    document: Manifest
    review: DeploymentReview
    _served: tuple[int, ServedAdapters] | None = None
    _listed: tuple[tuple[int, tuple[str, ...]], LoadList] | None = None

    def served(self, cluster: ClusterState, revision: DesiredRevision, reader: AdapterReader) -> ServedAdapters:
        """Return the adapters that it serves now."""
        changes = cluster.of(kinds.ADAPTER).changes
        if self._served is None or self._served[0] != changes:
            self._served = changes, served_adapters.of(cluster, revision, reader.read)
        return self._served[1]

    def listed(
        self, cluster: ClusterState, revision: DesiredRevision, reader: AdapterReader, pods: tuple[str, ...]
    ) -> LoadList:
        """Return what each of these replicas should load."""
        now = cluster.of(kinds.ADAPTER).changes, pods
        if self._listed is None or self._listed[0] != now:
            adapters = self.served(cluster, revision, reader)
            self._listed = now, load_lists.listed(adapters, revision, None, pods)
        return self._listed[1]


class AdapterHosts:
    """The deployments that serve adapters, those used last."""

    def __init__(self, context: ReviewContext) -> None:
        self._context = context
        self._kept: OrderedDict[str, AdapterHost] = OrderedDict()

    def of(self, document: Manifest) -> AdapterHost:
        """Return this version of a deployment, read once."""
        uid = document["metadata"]["uid"]
        kept = self._kept.get(uid)
        if kept is None or kept.document is not document:
            kept = self._kept[uid] = AdapterHost(document, deployment_review.read(document, self._context))
        self._kept.move_to_end(uid)
        if len(self._kept) > MAX_HOSTS:
            self._kept.popitem(last=False)
        return kept

    def forget(self, uid: str) -> None:
        """Drop a deleted deployment."""
        self._kept.pop(uid, None)
