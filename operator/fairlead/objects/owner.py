"""Whose child an object is: by UID, since a name may be given again to somebody else."""

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
        """What garbage collection goes by; deleting in the foreground waits for whoever carries it."""
        return {
            "apiVersion": API_VERSION,
            "kind": DEPLOYMENT.name,
            "name": self.name,
            "uid": self.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }

    def metadata(self, name: str, labels: dict[str, str], annotations: dict[str, str] | None = None) -> Manifest:
        """The head of a child; it lives where its owner does."""
        head: Manifest = {
            "name": name,
            "namespace": self.namespace,
            "labels": labels,
            "ownerReferences": [self.reference],
        }
        return head | ({"annotations": annotations} if annotations else {})
