"""The owner of a child, by UID, since a name may be given again to another object."""

from dataclasses import dataclass

from fairlead.api.kinds import API_VERSION, DEPLOYMENT, GATEWAY
from fairlead.objects import labels, names
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An InferenceDeployment or InferenceGateway that exists in the cluster."""

    namespace: str
    name: str
    uid: str
    kind: str = DEPLOYMENT.name

    @property
    def reference(self) -> Manifest:
        """Return the owner reference; a foreground deletion of the owner waits for all objects that have it."""
        return {
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "name": self.name,
            "uid": self.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }

    @property
    def is_gateway(self) -> bool:
        """Whether it is a gateway, all of whose children belong to its routers."""
        return self.kind == GATEWAY.name

    @property
    def label(self) -> str:
        """The label on its children that holds its name."""
        return labels.GATEWAY if self.is_gateway else labels.DEPLOYMENT

    @property
    def router_name(self) -> str:
        """The name of every child of its routers."""
        return names.gateway(self.name) if self.is_gateway else names.router(self.name)

    @property
    def router_selector(self) -> dict[str, str]:
        """Selects the pods of its routers."""
        return labels.gateway_routers(self.name) if self.is_gateway else labels.routers(self.name)

    def child_labels(self, role: ChildRole) -> dict[str, str]:
        """Return the labels of its children of one role."""
        return labels.child(self.name, role, self.label)

    def metadata(self, name: str, carried: dict[str, str], annotations: dict[str, str] | None = None) -> Manifest:
        """Return a child's metadata; its namespace is its owner's."""
        head: Manifest = {
            "name": name,
            "namespace": self.namespace,
            "labels": carried,
            "ownerReferences": [self.reference],
        }
        return head | ({"annotations": annotations} if annotations else {})

    def router_metadata(self, annotations: dict[str, str] | None = None) -> Manifest:
        """Return the metadata of a child of its routers."""
        return self.metadata(self.router_name, self.child_labels(ChildRole.ROUTER), annotations)
