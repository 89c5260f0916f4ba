"""ServiceAccounts, Roles and RoleBindings of children."""

from fairlead.objects.manifest import Manifest

_RBAC = "rbac.authorization.k8s.io"


def account(head: Manifest) -> Manifest:
    """Build an account; its token is mounted only in pods that request it."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": head,
        "automountServiceAccountToken": False,
    }


def reading(resource: str) -> Manifest:
    """Return the rule to read and watch a kind."""
    return {"apiGroups": [""], "resources": [resource], "verbs": ["get", "list", "watch"]}


def role(head: Manifest, rules: list[Manifest]) -> Manifest:
    """Build a Role with these rules."""
    return {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": head, "rules": rules}


def binding(head: Manifest, subjects: list[Manifest]) -> Manifest:
    """Bind to the role of its own name."""
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": head,
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": head["name"]},
        "subjects": subjects,
    }


def subject(namespace: str, name: str) -> Manifest:
    """Return an account as bindings name it."""
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
