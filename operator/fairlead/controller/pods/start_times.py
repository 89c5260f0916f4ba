"""How long pods took to start, of those that this process saw starting: a later readiness is no start."""

from collections.abc import Collection, Mapping

from fairlead.cluster import pod_starts
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_starts import PodStart
from fairlead.controller.snapshot import DeploymentSnapshot


class StartTimes:
    """Measured starts by the pod's UID."""

    def __init__(self) -> None:
        self._starts: dict[str, PodStart] = {}
        self._starting: set[str] = set()

    def measured(self, observed: DeploymentSnapshot) -> Mapping[str, PodStart]:
        """Return the first measured start of each pod.

        A pod that was ready when this process began may have been unready for a while after its start, so it counts
        only as long as the status has no figure of its revision.
        """
        hashes = _reported(observed.status)
        for revision, some in observed.pods.items():
            for pod in some:
                self._see(pod, revision in hashes)
        return self._starts

    def forget(self, uid: str) -> None:
        """Drop a deleted pod."""
        self._starts.pop(uid, None)
        self._starting.discard(uid)

    def _see(self, pod: Manifest, reported: bool) -> None:
        uid, start = pod["metadata"]["uid"], pod_starts.measured(pod)
        if pod_starts.is_first(pod):
            self._starting.add(uid)
        if start is not None and (uid in self._starting or not reported):
            self._starts.setdefault(uid, start)


def _reported(status: Manifest) -> Collection[str]:
    return {one["hash"] for one in status.get("revisions") or () if "coldStart" in one and "hash" in one}
