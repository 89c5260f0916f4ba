"""Accounts, Roles and their bindings, as children have them."""

from fairlead.objects.manifest import Manifest

_RBAC = "rbac.authorization.k8s.io"


def account(head: Manifest) -> Manifest:
    """Its token is mounted only in pods that request it."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": head,
        "automountServiceAccountToken": False,
    }


def reading(resource: str) -> Manifest:
    """The rule to read and follow a kind."""
    return {"apiGroups": [""], "resources": [resource], "verbs": ["get", "list", "watch"]}


def role(head: Manifest, rules: list[Manifest]) -> Manifest:
    """A Role with these rules."""
    return {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": head, "rules": rules}


def binding(head: Manifest, subjects: list[Manifest]) -> Manifest:
    """To the role of its own name."""
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": head,
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": head["name"]},
        "subjects": subjects,
    }


def subject(namespace: str, name: str) -> Manifest:
    """An account, as bindings name it."""
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
