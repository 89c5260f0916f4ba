"""Whether another release of Fairlead serves the same namespace: both then undo each other's writes, without end. Pure.

The releases write under the same field manager. What tells them apart is the operator that a network policy admits.
"""

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.objects import network_policies


class OtherReleases:
    """The network policies that this process wrote.

    One of another release that was there before says nothing: that release may be gone, and this one takes its place.
    One that comes back after this process has written it says that the other release runs.
    """

    def __init__(self) -> None:
        self._written: set[str] = set()

    def wrote(self, child: Manifest) -> None:
        """Record what was applied."""
        if child["kind"] == kinds.NETWORK_POLICY.kind:
            self._written.add(child["metadata"]["uid"])

    def forget(self, uid: str) -> None:
        """Drop a deleted child."""
        self._written.discard(uid)

    def note(self, intent: Manifest, live: Manifest) -> str:
        """Return the note on a live child that another release wrote after this process; empty if none did."""
        metadata = live["metadata"]
        if metadata["uid"] not in self._written:
            return ""
        ours, theirs = (network_policies.operator_namespace(one) for one in (intent, live))
        if not theirs or theirs == ours:
            return ""
        return (
            f"{live['kind']} {metadata['name']} was written again by the Fairlead in namespace {theirs}: two releases "
            "serve this namespace and undo each other's writes; set watchNamespaces so that only one of them does"
        )
