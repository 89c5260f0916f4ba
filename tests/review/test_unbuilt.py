"""What this release does not support is reported when requested, with an alternative; never silently accepted."""

from dataclasses import replace

import pytest

from fairlead.review import admission, policies
from fairlead.review.context import ReviewContext
from tests.review.table import CONTEXT, Object, deployment, engine, gateway, policy

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)


def refused(given: Object) -> list[str]:
    """Its refusals."""
    return [one.sentence for one in admission.review(given, OFFLINE).refusals]


def warned(given: Object) -> list[str]:
    """The warnings with which it is admitted."""
    review = admission.review(given, OFFLINE)
    assert review.refusals == ()
    return [one.sentence for one in review.warnings]


@pytest.mark.trial(12)
def test_what_a_gateways_routers_do_not_do_is_refused_all_at_once() -> None:
    api: Object = {"name": "big", "url": "https://api.example.com/v1", "model": "m"}
    copies = {"deployment": "external/big", "share": "0.1"}
    models = [{"name": name, "deployment": "a", "shadow": copies} for name in ("one", "two")]
    assert [one.split(": ")[0] for one in refused(gateway(models=models, external=[api]))] == [
        *("spec.models[0].shadow.deployment", "spec.models[1].shadow.deployment"),
    ]


@pytest.mark.trial(12)
def test_an_api_outside_may_be_every_target_that_answers() -> None:
    api: Object = {"name": "big", "url": "https://api.example.com/v1", "model": "m"}
    hard = {"name": "hard", "when": {"difficulty": "Hard"}, "deployment": "external/big"}
    models = [
        {"name": "one", "deployment": "external/big"},
        {"name": "two", "strategy": "Weighted", "weighted": [
            {"deployment": "a", "weight": 9}, {"deployment": "external/big", "weight": 1},
        ]},
        {"name": "three", "strategy": "Rules", "deployment": "a", "rules": [hard]},
        {"name": "four", "strategy": "Cascade", "cascade": {
            "deployments": ["a", "external/big"], "validator": "NotEmpty",
        }},
        {"name": "five", "deployment": "external/big", "shadow": {"deployment": "a", "share": "0.1"}},
    ]  # fmt: skip
    assert warned(gateway(models=models, external=[api])) == []


@pytest.mark.trial(12)
def test_a_gateway_is_let_in_without_a_word_and_a_budget_that_an_api_outside_does_not_touch_with_one() -> None:
    assert warned(gateway()) == []
    tenants = [{"name": "shop", "budget": {"maxCost": "25"}}]
    assert warned(gateway(tenants=tenants)) == []
    api: Object = {"name": "big", "url": "https://api.example.com/v1", "model": "m"}
    assert warned(gateway(external=[api])) == []
    assert warned(gateway(tenants=tenants, external=[api | {"prices": {"prompt": "1", "output": "2"}}])) == []
    assert warned(gateway(tenants=tenants, external=[api])) == [
        (
            "spec.external[0].prices: none: requests to it then cost nothing, so the budget of shop refuses none "
            "of them; write what it charges for a million tokens, prompt and output"
        )
    ]


@pytest.mark.trial(12)
def test_an_escalation_without_anybody_to_ask_is_warned_of() -> None:
    alone = {"name": "one", "deployment": "a", "onInvalid": "Escalate"}
    (answer,) = warned(gateway(models=[alone]))
    assert "name one in fallback.deployments, or write Retry" in answer
    assert warned(gateway(models=[alone | {"fallback": {"deployments": ["b"]}}])) == []


@pytest.mark.trial(12)
@pytest.mark.parametrize(
    "given",
    [engine(extraArgs=["--api-key=geheim"]), engine(env=[{"name": "VLLM_API_KEY", "value": "geheim"}])],
    ids=["argument", "variable"],
)
def test_engine_api_keys_are_refused_with_a_pointer_to_the_routers_tenants(given: Object) -> None:
    (answer,) = refused(given)
    assert "name tenants and their keys in spec.router.tenants" in answer
    assert "InferenceGateway" not in answer


@pytest.mark.trial(13)
def test_the_objective_for_the_queue_decides_and_needs_no_warning() -> None:
    assert warned(policy(objectives={"ttftP95": "1s", "queueTimeP95": "2s"})) == []


def test_refusing_late_requests_is_warned_of_where_nothing_says_when_one_is_late() -> None:
    late = {"limits": {"late": "Refuse"}}
    words = (
        "spec.router.limits.late: Refuse: no objective defines when a first token is late, so no request is refused "
        "for it; name a policy with objectives.ttftP95 in spec.scaling.policy.name, or remove late"
    )
    assert words in warned(deployment(router=late))
    assert [one for one in warned(deployment()) if "late" in one] == []

    scaled = deployment(router=late, scaling={"minReplicas": 1, "maxReplicas": 4, "policy": {"name": "bad"}})
    assert words not in warned(scaled), "its policy may be there, and was not read"
    for objectives, warns in (({"ttftP95": "1s"}, False), ({"tpotP95": "60ms"}, True)):
        found = policies.read(policy(objectives=objectives))
        assert found is not None
        review = admission.review(scaled, replace(OFFLINE, policies=dict([found])))
        assert (words in [one.sentence for one in review.warnings]) is warns
        assert review.first_token_seconds == (None if warns else 1.0)


@pytest.mark.trial(12)
def test_a_budget_is_warned_of_where_no_price_of_the_accelerator_is_known() -> None:
    key = {"name": "keys", "key": "shop"}
    tenants = {"tenants": [{"name": "shop", "keys": [key], "budget": {"maxCost": "25"}}]}
    assert [one for one in warned(deployment(router=tenants)) if "budget" in one] == []
    unpriced = ReviewContext(catalogue=replace(CONTEXT.catalogue, accelerators={}))
    review = admission.review(deployment(router=tenants), unpriced)
    (answer,) = [one.sentence for one in review.warnings if "budget" in one.sentence]
    assert answer.startswith("spec.router.tenants[0].budget: maxCost 25: no price is known for ")
