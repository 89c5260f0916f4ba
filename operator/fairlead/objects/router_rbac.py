"""What routers may do in the cluster: read pods, to find engines, and the one ConfigMap with their configuration."""

from collections.abc import Iterable

from fairlead.fleet.gateways import GatewayReference
from fairlead.objects import names
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

_RBAC = "rbac.authorization.k8s.io"


def account(owner: Owner) -> Manifest:
    """Its token is mounted only in pods that request it, as routers do."""
    head = {"metadata": owner.router_metadata()}
    return {"apiVersion": "v1", "kind": "ServiceAccount"} | head | {"automountServiceAccountToken": False}


def role(owner: Owner) -> Manifest:
    """The right to read pods; Secrets are not needed, since they are mounted as files."""
    rules = [_reading("pods"), _reading("configmaps") | {"resourceNames": [owner.router_name]}]
    return _role(owner.router_metadata(), rules)


def binding(owner: Owner) -> Manifest:
    """Gives the account its role."""
    return _binding(owner.router_metadata(), [_account(owner.namespace, owner.router_name)])


def gateway_access(owner: Owner, gateways: Iterable[GatewayReference]) -> tuple[Manifest, ...]:
    """What lets gateways of other namespaces find the engines of a deployment; in their own they may anyway."""
    others = [one for one in gateways if one.namespace != owner.namespace]
    if not others:
        return ()
    accounts = [_account(one.namespace, names.gateway(one.name)) for one in others]
    return _role(_of_engines(owner), [_reading("pods")]), _binding(_of_engines(owner), accounts)


def _of_engines(owner: Owner) -> Manifest:
    return owner.metadata(names.engines(owner.name), owner.child_labels(ChildRole.ENGINE))


def _reading(resource: str) -> Manifest:
    return {"apiGroups": [""], "resources": [resource], "verbs": ["get", "list", "watch"]}


def _role(head: Manifest, rules: list[Manifest]) -> Manifest:
    return {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": head, "rules": rules}


def _binding(head: Manifest, subjects: list[Manifest]) -> Manifest:
    """To the role of its own name."""
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": head,
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": head["name"]},
        "subjects": subjects,
    }


def _account(namespace: str, name: str) -> Manifest:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
