"""Messages about a gateway and a deployment that names one: what has no effect, what conflicts."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.fleet.model_routes import (
    AnswerCheck,
    CascadeSettings,
    FallbackChain,
    ModelRoute,
    RequestConditions,
    RouteRule,
    RouteStrategy,
    ShadowCopy,
    WeightedTarget,
)
from fairlead.review import admission, change_warnings, gateway_membership, gateway_review, route_targets
from fairlead.review.context import ObjectKey, ReviewContext
from tests.review.table import CONTEXT, Object, deployment, gateway

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)


def warned(given: Object, context: ReviewContext = OFFLINE) -> list[str]:
    """The warnings with which it is admitted."""
    review = admission.review(given, context)
    assert review.refusals == ()
    return [one.sentence for one in review.warnings]


def model(**spec: Any) -> Object:  # noqa: ANN401  # any field of a route
    """A gateway of one model."""
    return gateway(models=[{"name": "m", **spec}])


def test_a_fallback_chain_that_returns_to_a_tried_target_is_warned_of() -> None:
    (answer,) = warned(model(deployment="a", fallback={"deployments": ["b", "default/a"]}))
    assert answer == (
        "spec.models[0].fallback.deployments[1]: default/a: this target has already been tried when the chain "
        "reaches it, so it is skipped; remove it, or name another one"
    )
    (twice,) = warned(model(deployment="a", fallback={"deployments": ["b", "default/b"]}))
    assert twice.startswith("spec.models[0].fallback.deployments[1]: default/b: ")


def test_a_shadow_to_the_target_that_gets_every_request_is_warned_of() -> None:
    (answer,) = warned(model(deployment="a", shadow={"deployment": "a", "share": "0.1"}))
    assert answer == (
        "spec.models[0].shadow.deployment: default/a: every request of this model already goes there, so "
        "none is copied; name the deployment that you want to try"
    )
    split = [{"deployment": "a", "weight": 9}, {"deployment": "b", "weight": 1}]
    assert warned(model(strategy="Weighted", weighted=split, shadow={"deployment": "b", "share": "0.1"})) == []


def test_the_other_part_of_a_split_may_help_out() -> None:
    split = [{"deployment": "a", "weight": 9}, {"deployment": "b", "weight": 1}]
    assert warned(model(strategy="Weighted", weighted=split, fallback={"deployments": ["b", "a"]})) == []
    rules = [{"name": "r", "when": {"tools": True}, "deployment": "b"}]
    assert warned(model(strategy="Rules", deployment="a", rules=rules, fallback={"deployments": ["a"]})) == []


def test_a_timeout_that_can_never_expire_is_warned_of_on_a_gateway_too() -> None:
    (answer,) = warned(gateway(timeouts={"firstToken": "2m", "total": "90s"}))
    assert answer.startswith("spec.timeouts.firstToken: 120s: timeouts.total ends the whole request after 90 s")
    assert answer.endswith("or raise spec.timeouts.total")


def test_a_model_that_nothing_serves_is_warned_of_where_a_tenant_may_use_it() -> None:
    spec: dict[str, Any] = {"models": [{"name": "chat", "deployment": "a"}]}
    tenants = [{"name": "shop", "models": ["chat", "chad"]}]
    (answer,) = warned(gateway(**spec, tenants=tenants))
    assert answer == (
        "spec.tenants[0].models: chad: no route has this name, and no deployment that joins is served under it; add "
        "it to models, or remove it here"
    )


def test_a_gateway_that_does_not_let_the_namespace_join_is_warned_of() -> None:
    front = gateway() | {"metadata": {"name": "front", "namespace": "platform"}}
    joins = deployment(gateway={"name": "front", "namespace": "platform"})
    found = gateway_review.read(front)
    assert found is not None
    beside = replace(OFFLINE, gateways=dict([found]))
    assert warned(joins) == []
    (answer,) = warned(joins, beside)
    assert answer == (
        "spec.gateway.name: front: gateway platform/front does not let deployments of namespace default join, so its "
        "routers send no requests here; add default to spec.allowedNamespaces of InferenceGateway platform/front"
    )
    open_to_all = gateway_review.read(front | {"spec": {"allowedNamespaces": ["*"]}})
    assert open_to_all is not None
    assert warned(joins, replace(OFFLINE, gateways=dict([open_to_all]))) == []
    assert warned(deployment(), beside) == []


def test_in_the_namespace_whose_name_means_other_apis_no_deployment_joins() -> None:
    joins = deployment(gateway={"name": "front"}) | {"metadata": {"name": "bad", "namespace": "external"}}
    (refusal,) = admission.review(joins, OFFLINE).refusals
    assert refusal.sentence == (
        "spec.gateway.name: front: in a gateway's routes external/ is the prefix of other APIs, so no "
        "deployment of namespace external can be named; move it to another namespace, or remove spec.gateway"
    )


@pytest.mark.parametrize(
    "spec",
    [None, 7, {}, {"gateway": None}, {"gateway": "front"}, {"gateway": {}}, {"gateway": {"name": 7}}],
    ids=str,
)
def test_a_malformed_gateway_field_of_a_stored_object_names_no_gateway(spec: object) -> None:
    assert gateway_membership.named({"metadata": {"namespace": "team"}, "spec": spec}) == ()


def test_a_stored_deployment_names_its_gateway_with_or_without_a_namespace() -> None:
    def named(**gateway: str) -> list[str]:
        stored = {"metadata": {"namespace": "team"}, "spec": {"gateway": gateway}}
        return [one.title for one in gateway_membership.named(stored)]

    assert named(name="front") == ["team/front"]
    assert named(name="front", namespace="platform") == ["platform/front"]


def test_what_is_no_gateway_is_not_read_as_one() -> None:
    assert gateway_review.read({"kind": "InferenceGateway"}) is None
    found = gateway_review.read(gateway())
    assert found is not None
    assert found[0] == ObjectKey("InferenceGateway", "default", "bad")


OIDC = {"issuer": "https://login.example", "audiences": ["models"]}


@pytest.mark.parametrize("place", ["spec", "spec.router"])
def test_a_claim_of_two_tenants_is_refused_of_a_gateway_and_of_a_deployments_own_router(place: str) -> None:
    tenants = [{"name": "shop"}, {"name": "bank", "claims": ["b", "shop"]}]
    routing: dict[str, Any] = {"oidc": OIDC, "tenants": tenants}
    spec = gateway(**routing) if place == "spec" else deployment(router=routing)
    (refusal,) = admission.review(spec, OFFLINE).refusals
    assert refusal.sentence == (
        f"{place}.tenants[1].claims: shop: tenant shop has this value too, and a token with it would "
        "belong to both; give it to one of them; a tenant without claims has its own name"
    )


def test_a_certificate_of_the_issuers_authority_is_mounted_and_that_restarts_routers() -> None:
    tenants = [{"name": "shop"}]
    secret = {"caSecret": {"name": "login", "key": "ca.crt"}}
    before, after = gateway(tenants=tenants, oidc=OIDC), gateway(tenants=tenants, oidc=OIDC | secret)
    (answer,) = change_warnings.warnings(before, after, OFFLINE)
    assert answer.startswith("Secret login: the routers have not mounted it yet")


def with_keys(*secrets: str, **spec: Any) -> Object:  # noqa: ANN401  # any field of a gateway
    """A gateway whose tenant has keys in these Secrets."""
    keys = [{"name": one, "key": "k"} for one in secrets]
    return gateway(tenants=[{"name": "shop", "keys": keys}], **spec)


def test_a_secret_that_no_router_mounts_yet_restarts_them_with_a_warning() -> None:
    (answer,) = change_warnings.warnings(with_keys("old"), with_keys("old", "new"), OFFLINE)
    assert answer == (
        "Secret new: the routers have not mounted it yet, so they are replaced one by one, each after its requests; "
        "entries TENANT.ANYTHING of Secret bad-keys need no restart"
    )
    big = {"name": "big", "url": "https://api.example.com/v1", "model": "b", "keySecret": {"name": "out", "key": "k"}}
    (other,) = change_warnings.warnings(with_keys("old"), with_keys("old", external=[big]), OFFLINE)
    assert other.startswith("Secret out: ")
    assert change_warnings.warnings(with_keys("old", "new"), with_keys("old"), OFFLINE) == ()
    assert change_warnings.warnings({"kind": "InferenceGateway"}, with_keys("old"), OFFLINE) == ()


def test_every_target_of_a_route_is_found_with_its_field() -> None:
    route = ModelRoute(
        name="m",
        strategy=RouteStrategy.RULES,
        target="n/a",
        weighted=(WeightedTarget(target="n/b", weight=1),),
        rules=(RouteRule(name="r", when=RequestConditions(tools=True), target="n/c"),),
        cascade=CascadeSettings(targets=("n/d", "n/e"), check=AnswerCheck.NOT_EMPTY),
        fallback=FallbackChain(targets=("n/f",)),
        shadow=ShadowCopy(target="n/g", share=0.1),
    )
    assert list(route_targets.of(route)) == [
        ("deployment", "n/a"),
        ("weighted[0].deployment", "n/b"),
        ("rules[0].deployment", "n/c"),
        ("cascade.deployments[0]", "n/d"),
        ("cascade.deployments[1]", "n/e"),
        ("fallback.deployments[0]", "n/f"),
        ("shadow.deployment", "n/g"),
    ]
    assert route_targets.first(route) == {"n/a", "n/b", "n/c", "n/d", "n/e"}
    waits = replace(route, weighted=(*route.weighted, WeightedTarget(target="external/h", weight=0)))
    assert route_targets.first(waits) == route_targets.first(route), "a weight of 0 is never chosen"
