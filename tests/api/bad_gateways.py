"""Bad policies and gateways whose fields contradict each other."""

from typing import Final

from fairlead.api.kinds import GATEWAY, POLICY
from tests.api.bad import Bad, route

SHARED_RULES: Final = (
    Bad(
        story="a schedule the wrong way round",
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
        story="a model nobody answers for",
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
        story="weights that nobody looks at",
        kind=GATEWAY,
        spec=route(deployment="a", weighted=[{"deployment": "a", "weight": 1}]),
        at="spec.models[0].weighted",
        wording="set strategy to Weighted together with its deployments, or remove weighted",
    ),
    Bad(
        story="weights of zero",
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
        story="a rule that always holds",
        kind=GATEWAY,
        spec=route(strategy="Rules", deployment="a", rules=[{"name": "all", "when": {}, "deployment": "b"}]),
        at="spec.models[0].rules[0].when.difficulty",
        wording="a rule without a condition always holds and hides those below it",
    ),
    Bad(
        story="a rule that never holds",
        kind=GATEWAY,
        spec=route(
            strategy="Rules",
            deployment="a",
            rules=[{"name": "r", "when": {"minPromptTokens": 9, "maxPromptTokens": 8}, "deployment": "b"}],
        ),
        at="spec.models[0].rules[0].when.minPromptTokens",
        wording="minPromptTokens must not exceed maxPromptTokens (8), or the rule never holds",
    ),
    Bad(
        story="a rule that never holds for answers",
        kind=GATEWAY,
        spec=route(
            strategy="Rules",
            deployment="a",
            rules=[{"name": "r", "when": {"minOutputTokens": 9, "maxOutputTokens": 8}, "deployment": "b"}],
        ),
        at="spec.models[0].rules[0].when.minOutputTokens",
        wording="minOutputTokens must not exceed maxOutputTokens (8), or the rule never holds",
    ),
    Bad(
        story="a cascade without steps",
        kind=GATEWAY,
        spec=route(strategy="Cascade"),
        at="spec.models[0].cascade",
        wording="set strategy to Cascade together with its deployments and validator",
    ),
    Bad(
        story="a cascade that asks the same twice",
        kind=GATEWAY,
        spec=route(strategy="Cascade", cascade={"deployments": ["a", "a"], "validator": "NotEmpty"}),
        at="spec.models[0].cascade.deployments",
        wording="a second try at the same deployment gives the same answer; name each deployment once",
    ),
    Bad(
        story="confidence without a measure",
        kind=GATEWAY,
        spec=route(strategy="Cascade", cascade={"deployments": ["a", "b"], "validator": "Confidence"}),
        at="spec.models[0].cascade.minConfidence",
        wording="minConfidence belongs to validator Confidence, which needs it",
    ),
    Bad(
        story="a tenant in no band",
        kind=GATEWAY,
        spec={"tenants": [{"name": "a", "keys": [{"name": "k", "key": "k"}], "band": "gold"}]},
        at="spec.tenants",
        wording="a tenant names a band that bands does not have; add the band to bands",
    ),
    Bad(
        story="a gateway with an issuer of tokens for nobody",
        kind=GATEWAY,
        spec={"oidc": {"issuer": "https://login.example", "audiences": ["models"]}},
        at="spec.oidc",
        wording="tokens say which tenant sends a request, and there are none: everybody may; name tenants",
    ),
    Bad(
        story="a gateway's tenant with claims of nobody's tokens",
        kind=GATEWAY,
        spec={"tenants": [{"name": "a", "claims": ["a-app"]}]},
        at="spec.tenants",
        wording="claims are those of an issuer's tokens, and no issuer is named; name it in oidc, or remove claims",
    ),
    Bad(
        story="a pattern that nobody looks for",
        kind=GATEWAY,
        spec=route(
            strategy="Cascade", cascade={"deployments": ["a", "b"], "validator": "NotEmpty", "pattern": "[0-9]+"}
        ),
        at="spec.models[0].cascade.pattern",
        wording="pattern belongs to validator Pattern, which needs it",
    ),
    Bad(
        story="a length without a number",
        kind=GATEWAY,
        spec=route(strategy="Cascade", cascade={"deployments": ["a", "b"], "validator": "MinLength"}),
        at="spec.models[0].cascade.minCharacters",
        wording="set validator to MinLength together with minCharacters, for instance 40",
    ),
    Bad(
        story="refusals that nobody looks for",
        kind=GATEWAY,
        spec=route(
            strategy="Cascade",
            cascade={"deployments": ["a", "b"], "validator": "NotEmpty", "refusalWords": ["leider"]},
        ),
        at="spec.models[0].cascade.refusalWords",
        wording="refusalWords are looked for by validator NoRefusal alone",
    ),
    Bad(
        story="a chain that comes back",
        kind=GATEWAY,
        spec=route(deployment="a", fallback={"deployments": ["b", "c", "b"]}),
        at="spec.models[0].fallback.deployments",
        wording="a deployment that could not answer is not asked twice; name each of them once",
    ),
    Bad(
        story="every namespace and one more",
        kind=GATEWAY,
        spec={"allowedNamespaces": ["*", "search"]},
        at="spec.allowedNamespaces",
        wording="* lets every namespace join, so other names beside it mean nothing; remove *, or all the others",
    ),
)
