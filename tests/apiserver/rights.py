"""The rights that the chart grants and those that the operator used, in one form, for comparison."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tests.faults.proxy import Proxy

Manifest = dict[str, Any]


class Right(NamedTuple):
    """One verb on one resource; `pods`, `deployments.apps`, `inferencedeployments.fairlead.dev/status`."""

    verb: str
    resource: str


def granted(chart: Iterable[Manifest], account: str = "fairlead") -> set[Right]:
    """Every right of the roles bound to the operator's account."""
    objects = list(chart)
    bound = {
        one["roleRef"]["name"]
        for one in objects
        if one["kind"] in {"RoleBinding", "ClusterRoleBinding"}
        and any(subject["name"] == account for subject in one["subjects"])
    }
    roles = [one for one in objects if one["kind"] in {"Role", "ClusterRole"} and one["metadata"]["name"] in bound]
    return {right for role in roles for rule in role["rules"] for right in _of_rule(rule)}


def used(proxy: Proxy) -> set[Right]:
    """Every right that requests needed; an apply needs `patch`, and `create` too where it created the object."""
    found = {Right("create", one.resource) for one in proxy.made if not one.subresource}
    for one in proxy.log:
        request = one.call
        if not request.resource.startswith("/"):
            found.add(
                Right(
                    request.verb,
                    f"{request.resource}/{request.subresource}" if request.subresource else request.resource,
                )
            )
    return found


def _of_rule(rule: Manifest) -> Iterator[Right]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            plural, slash, subresource = resource.partition("/")
            name = f"{plural}.{group}" if group else plural
            yield from (Right(verb, f"{name}{slash}{subresource}") for verb in rule["verbs"])
