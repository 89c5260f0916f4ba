"""What routers may do in the cluster: read pods, to find engines, and the one ConfigMap with their configuration."""

from collections.abc import Iterable

from fairlead.fleet.gateways import GatewayReference
from fairlead.objects import names, rbac
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner


def account(owner: Owner) -> Manifest:
    """Build the account of routers."""
    return rbac.account(owner.router_metadata())


def role(owner: Owner) -> Manifest:
    """Grant the right to read pods; Secrets are not needed, since they are mounted as files."""
    rules = [rbac.reading("pods"), rbac.reading("configmaps") | {"resourceNames": [owner.router_name]}]
    return rbac.role(owner.router_metadata(), rules)


def binding(owner: Owner) -> Manifest:
    """Bind the role to the account."""
    return rbac.binding(owner.router_metadata(), [rbac.subject(owner.namespace, owner.router_name)])


def gateway_access(owner: Owner, gateways: Iterable[GatewayReference]) -> tuple[Manifest, ...]:
    """Let gateways of other namespaces find a deployment's engines; in their own they already may."""
    others = [one for one in gateways if one.namespace != owner.namespace]
    if not others:
        return ()
    accounts = [rbac.subject(one.namespace, names.gateway(one.name)) for one in others]
    return rbac.role(_of_engines(owner), [rbac.reading("pods")]), rbac.binding(_of_engines(owner), accounts)


def _of_engines(owner: Owner) -> Manifest:
    return owner.metadata(names.engines(owner.name), owner.child_labels(ChildRole.ENGINE))
