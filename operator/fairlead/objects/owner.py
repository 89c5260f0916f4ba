"""The owner of a child, by UID, since a name may be given again to another object."""

from dataclasses import dataclass

from fairlead.api.kinds import API_VERSION, DEPLOYMENT
from fairlead.objects.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One InferenceDeployment that exists in the cluster."""

    namespace: str
    name: str
    uid: str

    @property
    def reference(self) -> Manifest:
        """What garbage collection goes by; a foreground deletion of the owner waits for all objects that have it."""
        return {
            "apiVersion": API_VERSION,
            "kind": DEPLOYMENT.name,
            "name": self.name,
            "uid": self.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }

    def metadata(self, name: str, labels: dict[str, str], annotations: dict[str, str] | None = None) -> Manifest:
        """A child's metadata; its namespace is its owner's."""
        head: Manifest = {
            "name": name,
            "namespace": self.namespace,
            "labels": labels,
            "ownerReferences": [self.reference],
        }
        return head | ({"annotations": annotations} if annotations else {})
