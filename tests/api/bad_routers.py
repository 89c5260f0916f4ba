"""Bad settings of a deployment's own router: contradictions between groups, and formats that only it uses."""

from typing import Any, Final

from tests.api.bad import Bad, but

KEYS: Final = [{"name": "k", "key": "k"}]
OIDC: Final[dict[str, Any]] = {"issuer": "https://login.example", "audiences": ["models"]}
TENANT: Final[dict[str, Any]] = {"name": "shop", "keys": KEYS}


def router(**changed: Any) -> dict[str, Any]:  # noqa: ANN401  # any value may be in a bad spec
    return but(router=changed)


ROUTER_RULES: Final = (
    Bad(
        story="a router's tenant with an unknown band",
        spec=router(tenants=[TENANT | {"band": "gold"}], bands=[{"name": "silver", "priority": 1}]),
        at="spec.router.tenants",
        wording="a tenant names a band that bands does not have; add the band to bands, or name one that is there",
    ),
    Bad(
        story="bands that reserve more than the whole capacity",
        spec=router(
            bands=[
                {"name": "gold", "priority": 2, "reserved": "0.7"},
                {"name": "silver", "priority": 1, "reserved": "0.4"},
            ]
        ),
        at="spec.router.bands",
        wording="the bands reserve more than the whole capacity; lower reserved of some bands",
    ),
    Bad(
        story="an annotation of the Service in two words",
        spec=router(service={"annotations": {"load balancer": "internal"}}),
        at="spec.router.service.annotations",
        wording="Kubernetes refuses a Service with an annotation of such a name, and no router would be reachable; "
        "write NAME or domain/NAME",
    ),
    Bad(
        story="an annotation of the Service that Fairlead could write",
        spec=router(service={"annotations": {"fairlead.dev/revision": "1"}}),
        at="spec.router.service.annotations",
        wording="annotations of fairlead.dev are records of Fairlead; remove it",
    ),
    Bad(
        story="a cacheSalt without tenants",
        spec=router(balancing={"cacheSalt": True}),
        at="spec.router.balancing",
        wording="cacheSalt separates tenants, and there are none; name tenants, or remove balancing.cacheSalt",
    ),
    Bad(
        story="all origins and one more",
        spec=router(connections={"cors": {"origins": ["*", "https://app.example"]}}),
        at="spec.router.connections.cors.origins",
        wording="* lets every page send requests, so other origins beside it have no effect; remove *, or all the "
        "others",
    ),
    Bad(
        story="connections under both names",
        spec=router(connections={"maxConnections": 9}, door={"maxConnections": 9}),
        at="spec.router.door",
        wording="door is the old name of connections, and both are set; move what it has to connections, and remove "
        "door",
    ),
    Bad(
        story="prompts in a log that is not written",
        spec=router(accessLog={"enabled": False, "prompts": True}),
        at="spec.router.accessLog.prompts",
        wording="without lines there is nothing to write prompts into; set enabled to true, or remove prompts",
    ),
    Bad(
        story="the same Gateway twice",
        spec=router(httpRoute={"parentRefs": [{"name": "public", "sectionName": "https"}, {"name": "public"}]}),
        at="spec.router.httpRoute.parentRefs",
        wording="one Gateway is named twice without different listeners; keep one of them",
    ),
    Bad(
        story="a route for an IP address",
        spec=router(httpRoute={"parentRefs": [{"name": "public"}], "hostnames": ["10.0.0.1"]}),
        at="spec.router.httpRoute.hostnames[0]",
        wording="this host name is not valid in a route; write small letters, digits, dots and dashes",
    ),
    Bad(
        story="an origin with a path",
        spec=router(connections={"cors": {"origins": ["https://app.example/page"]}}),
        at="spec.router.connections.cors.origins[0]",
        wording="this is not the origin of a page; write https://host or https://host:port without a path",
    ),
    Bad(
        story="a router's tenant without a key",
        spec=router(tenants=[{"name": "shop", "keys": []}]),
        at="spec.router.tenants",
        wording="a tenant has neither keys nor an issuer's tokens, so no request could be that tenant's; name a key in "
        "keys, or the issuer of its tokens in oidc",
    ),
    Bad(
        story="an issuer without tenants",
        spec=router(oidc=OIDC),
        at="spec.router.oidc",
        wording="tokens identify the tenant of a request, and there are no tenants: everyone may send requests; name "
        "tenants",
    ),
    Bad(
        story="claims without an issuer",
        spec=router(tenants=[TENANT | {"claims": ["shop-app"]}]),
        at="spec.router.tenants",
        wording="claims are those of an issuer's tokens, and no issuer is named; name it in oidc, or remove claims",
    ),
    Bad(
        story="an issuer over plain HTTP",
        spec=router(tenants=[TENANT], oidc=OIDC | {"issuer": "http://login.example"}),
        at="spec.router.oidc.issuer",
        wording="this is not an https address; write https://host:port/path without user, password, query or fragment",
    ),
    Bad(
        story="an issuer without audiences",
        spec=router(tenants=[TENANT], oidc=OIDC | {"audiences": []}),
        at="spec.router.oidc.audiences",
        wording="the list needs at least 1 entry; add what is missing",
        there="should have at least 1 items",
    ),
    Bad(
        story="a load bound below the mean",
        spec=router(balancing={"loadBound": "0.9"}),
        at="spec.router.balancing.loadBound",
        wording="this is not a factor of at least 1",
    ),
    Bad(
        story="two tenants of a router with one name",
        spec=router(tenants=[TENANT, TENANT]),
        at="spec.router.tenants",
        wording="the name 'shop' appears more than once; keep one of them",
        there="Duplicate value",
    ),
)
