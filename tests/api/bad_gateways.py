"""Bad policies and gateways whose fields contradict each other."""

from typing import Final

from fairlead.api.kinds import GATEWAY, POLICY
from tests.api.bad import Bad, route

SHARED_RULES: Final = (
    Bad(
        story="a schedule with minReplicas above maxReplicas",
        kind=POLICY,
        spec={"schedules": [{"name": "a", "cron": "0 8 * * *", "duration": "2h", "minReplicas": 3, "maxReplicas": 2}]},
        at="spec.schedules[0].minReplicas",
        wording="minReplicas must not exceed maxReplicas (2)",
    ),
    Bad(
        story="a schedule that changes nothing",
        kind=POLICY,
        spec={"schedules": [{"name": "a", "cron": "0 8 * * *", "duration": "2h"}]},
        at="spec.schedules[0].minReplicas",
        wording="a schedule without bounds changes nothing; set minReplicas, maxReplicas or both",
    ),
    Bad(
        story="a Prometheus without an address",
        kind=POLICY,
        spec={"metrics": {"source": "Prometheus"}},
        at="spec.metrics.prometheus",
        wording="prometheus belongs to source Prometheus, which needs its address",
    ),
    Bad(
        story="a model without a deployment",
        kind=GATEWAY,
        spec=route(),
        at="spec.models[0].deployment",
        wording="set deployment to the name of an InferenceDeployment, or to namespace/name",
    ),
    Bad(
        story="weights beside one deployment",
        kind=GATEWAY,
        spec=route(deployment="a", strategy="Weighted", weighted=[{"deployment": "a", "weight": 1}]),
        at="spec.models[0].deployment",
        wording="strategies Weighted and Cascade name their deployments themselves; remove deployment",
    ),
    Bad(
        story="weights with strategy Single",
        kind=GATEWAY,
        spec=route(deployment="a", weighted=[{"deployment": "a", "weight": 1}]),
        at="spec.models[0].weighted",
        wording="set strategy to Weighted together with its deployments, or remove weighted",
    ),
    Bad(
        story="only weights of zero",
        kind=GATEWAY,
        spec=route(strategy="Weighted", weighted=[{"deployment": "a", "weight": 0}]),
        at="spec.models[0].weighted",
        wording="with every weight 0 no deployment gets requests; give one deployment a weight above 0",
    ),
    Bad(
        story="rules without lines",
        kind=GATEWAY,
        spec=route(strategy="Rules", deployment="a"),
        at="spec.models[0].rules",
        wording="rules belongs to strategy Rules, which needs it",
    ),
    Bad(
        story="a rule without a condition",
        kind=GATEWAY,
        spec=route(strategy="Rules", deployment="a", rules=[{"name": "all", "when": {}, "deployment": "b"}]),
        at="spec.models[0].rules[0].when.difficulty",
        wording="a rule without a condition always matches and hides those below it",
    ),
    Bad(
        story="a rule with minPromptTokens above maxPromptTokens",
        kind=GATEWAY,
        spec=route(
            strategy="Rules",
            deployment="a",
            rules=[{"name": "r", "when": {"minPromptTokens": 9, "maxPromptTokens": 8}, "deployment": "b"}],
        ),
        at="spec.models[0].rules[0].when.minPromptTokens",
        wording="minPromptTokens must not exceed maxPromptTokens (8), or the rule never matches",
    ),
    Bad(
        story="a rule with minOutputTokens above maxOutputTokens",
        kind=GATEWAY,
        spec=route(
            strategy="Rules",
            deployment="a",
            rules=[{"name": "r", "when": {"minOutputTokens": 9, "maxOutputTokens": 8}, "deployment": "b"}],
        ),
        at="spec.models[0].rules[0].when.minOutputTokens",
        wording="minOutputTokens must not exceed maxOutputTokens (8), or the rule never matches",
    ),
    Bad(
        story="a cascade without steps",
        kind=GATEWAY,
        spec=route(strategy="Cascade"),
        at="spec.models[0].cascade",
        wording="set strategy to Cascade together with its deployments and validator",
    ),
    Bad(
        story="a cascade with one deployment twice",
        kind=GATEWAY,
        spec=route(strategy="Cascade", cascade={"deployments": ["a", "a"], "validator": "NotEmpty"}),
        at="spec.models[0].cascade.deployments",
        wording="a second try at the same deployment gives the same answer; name each deployment once",
    ),
    Bad(
        story="validator Confidence without minConfidence",
        kind=GATEWAY,
        spec=route(strategy="Cascade", cascade={"deployments": ["a", "b"], "validator": "Confidence"}),
        at="spec.models[0].cascade.minConfidence",
        wording="minConfidence belongs to validator Confidence, which needs it",
    ),
    Bad(
        story="a tenant with an unknown band",
        kind=GATEWAY,
        spec={"tenants": [{"name": "a", "keys": [{"name": "k", "key": "k"}], "band": "gold"}]},
        at="spec.tenants",
        wording="a tenant names a band that bands does not have; add the band to bands",
    ),
    Bad(
        story="a gateway with an issuer and no tenants",
        kind=GATEWAY,
        spec={"oidc": {"issuer": "https://login.example", "audiences": ["models"]}},
        at="spec.oidc",
        wording="tokens identify the tenant of a request, and there are no tenants: everyone may send requests; name "
        "tenants",
    ),
    Bad(
        story="a gateway's tenant with claims and no issuer",
        kind=GATEWAY,
        spec={"tenants": [{"name": "a", "claims": ["a-app"]}]},
        at="spec.tenants",
        wording="claims are those of an issuer's tokens, and no issuer is named; name it in oidc, or remove claims",
    ),
    Bad(
        story="a pattern without validator Pattern",
        kind=GATEWAY,
        spec=route(
            strategy="Cascade", cascade={"deployments": ["a", "b"], "validator": "NotEmpty", "pattern": "[0-9]+"}
        ),
        at="spec.models[0].cascade.pattern",
        wording="pattern belongs to validator Pattern, which needs it",
    ),
    Bad(
        story="validator MinLength without a number",
        kind=GATEWAY,
        spec=route(strategy="Cascade", cascade={"deployments": ["a", "b"], "validator": "MinLength"}),
        at="spec.models[0].cascade.minCharacters",
        wording="set validator to MinLength together with minCharacters, for instance 40",
    ),
    Bad(
        story="refusalWords without validator NoRefusal",
        kind=GATEWAY,
        spec=route(
            strategy="Cascade",
            cascade={"deployments": ["a", "b"], "validator": "NotEmpty", "refusalWords": ["leider"]},
        ),
        at="spec.models[0].cascade.refusalWords",
        wording="refusalWords are used only by validator NoRefusal",
    ),
    Bad(
        story="a fallback to the deployment itself",
        kind=GATEWAY,
        spec=route(deployment="a", fallback={"deployments": ["b", "c", "b"]}),
        at="spec.models[0].fallback.deployments",
        wording="a deployment that could not answer is not tried twice; name each of them once",
    ),
    Bad(
        story="all namespaces and one more",
        kind=GATEWAY,
        spec={"allowedNamespaces": ["*", "search"]},
        at="spec.allowedNamespaces",
        wording="* lets every namespace join, so other names beside it have no effect; remove *, or all the others",
    ),
)
