"""What routers may do in the cluster: read the pods of their namespace, to find engines, and nothing else."""

from fairlead.objects import labels, names
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

_RBAC = "rbac.authorization.k8s.io"


def account(owner: Owner) -> Manifest:
    """Its token is mounted only in pods that request it, as routers do."""
    return {"apiVersion": "v1", "kind": "ServiceAccount"} | _head(owner) | {"automountServiceAccountToken": False}


def role(owner: Owner) -> Manifest:
    """The right to read pods; Secrets are not needed, since they are mounted as files."""
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    return {"apiVersion": f"{_RBAC}/v1", "kind": "Role"} | _head(owner) | {"rules": [rule]}


def binding(owner: Owner) -> Manifest:
    """Gives the account its role."""
    name = names.router(owner.name)
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        **_head(owner),
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": owner.namespace}],
    }


def _head(owner: Owner) -> Manifest:
    return {"metadata": owner.metadata(names.router(owner.name), labels.child(owner.name, ChildRole.ROUTER))}
