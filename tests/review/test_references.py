"""Everything an object names is looked up where it was named, if the cluster was read."""

from typing import Any

import pytest

from fairlead.review import admission
from fairlead.review.context import ObjectKey, ReviewContext
from tests.review.table import CONTEXT, Object, deployment, engine, gateway, policy

EMPTY = ReviewContext(catalogue=CONTEXT.catalogue, objects=frozenset())
KEY = {"name": "s", "key": "k"}

DEPLOYMENTS: list[tuple[Object, list[tuple[str, str]]]] = [
    (deployment(), []),
    (deployment(scaling={"maxReplicas": 2}), []),
    (
        deployment(scaling={"maxReplicas": 2, "policy": {"name": "p"}}),
        [("spec.scaling.policy.name", "AutoscalingPolicy")],
    ),
    (
        deployment(
            storage={
                "mounts": [
                    {"path": "/etc/ca", "configMapName": "ca"},
                    {"path": "/own/key", "secretName": "s", "subPath": "key"},
                    {"path": "/data", "claimName": "data"},
                ]
            }
        ),
        [
            ("spec.storage.mounts[0].configMapName", "ConfigMap"),
            ("spec.storage.mounts[1].secretName", "Secret"),
            ("spec.storage.mounts[2].claimName", "PersistentVolumeClaim"),
        ],
    ),
    (
        deployment(router={"cache": {"redis": {"urlSecret": KEY}}}),
        [("spec.router.cache.redis.urlSecret.name", "Secret")],
    ),
    (
        deployment(
            router={
                "tenants": [{"name": "t", "keys": [KEY, KEY | {"name": "old"}]}],
                "connections": {"tls": {"secretName": "certificate"}, "engineTls": {"caSecret": KEY}},
                "oidc": {"issuer": "https://login.example", "audiences": ["models"], "caSecret": KEY},
            }
        ),
        [
            ("spec.router.tenants[0].keys[0].name", "Secret"),
            ("spec.router.tenants[0].keys[1].name", "Secret"),
            ("spec.router.connections.tls.secretName", "Secret"),
            ("spec.router.connections.engineTls.caSecret.name", "Secret"),
            ("spec.router.oidc.caSecret.name", "Secret"),
        ],
    ),
    (
        engine(
            adapters=[{"name": "a", "source": "hf://a/b"}, {"name": "b", "source": "pvc://loras/b"}],
            env=[
                {"name": "A", "valueFrom": {"secretKeyRef": KEY}},
                {"name": "B", "valueFrom": {"configMapKeyRef": KEY}},
                {"name": "C", "value": "plain"},
            ],
        ),
        [
            ("spec.engine.adapters[1].source", "PersistentVolumeClaim"),
            ("spec.engine.env", "Secret"),
            ("spec.engine.env", "ConfigMap"),
        ],
    ),
    (
        engine(tools={"parser": "hermes"}, chatTemplate={"configMap": KEY}),
        [("spec.engine.chatTemplate.configMap.name", "ConfigMap")],
    ),
    (
        engine(speculation={"method": "draftModel", "draft": {"source": "pvc://drafts/small"}}),
        [("spec.engine.speculation.draft.source", "PersistentVolumeClaim")],
    ),
    (
        deployment(
            model={"source": "pvc://models/a", "tokenSecret": KEY},
            storage={"cache": {"claimName": "cache"}},
            placement={"imagePullSecrets": [{"name": "one"}, {"name": "two"}]},
        ),
        [
            ("spec.model.source", "PersistentVolumeClaim"),
            ("spec.model.tokenSecret.name", "Secret"),
            ("spec.storage.cache.claimName", "PersistentVolumeClaim"),
            ("spec.placement.imagePullSecrets[0].name", "Secret"),
            ("spec.placement.imagePullSecrets[1].name", "Secret"),
        ],
    ),
]
DEPLOYMENTS.append((deployment(gateway={"name": "front"}), [("spec.gateway.name", "InferenceGateway")]))
GATEWAYS: list[tuple[Object, list[tuple[str, str]]]] = [
    (gateway(), []),
    (gateway(models=[{"name": "m", "deployment": "a"}]), [("spec.models[0].deployment", "InferenceDeployment")]),
    (
        gateway(
            models=[
                {"name": "w", "strategy": "Weighted", "weighted": [{"deployment": "a", "weight": 1}]},
                {
                    "name": "r",
                    "strategy": "Rules",
                    "deployment": "b",
                    "rules": [{"name": "long", "when": {"minPromptTokens": 9}, "deployment": "c"}],
                    "fallback": {"deployments": ["d", "external/big", "search/e"]},
                },
            ],
            allowedNamespaces=["search"],
            external=[
                {"name": "big", "url": "https://a/v1", "model": "b", "keySecret": KEY},
                {"name": "free", "url": "https://a/v1", "model": "b"},
            ],
            tenants=[{"name": "t", "keys": [KEY, KEY | {"name": "old"}]}],
            cache={"redis": {"urlSecret": KEY}},
        ),
        [
            ("spec.models[0].weighted[0].deployment", "InferenceDeployment"),
            ("spec.models[1].deployment", "InferenceDeployment"),
            ("spec.models[1].rules[0].deployment", "InferenceDeployment"),
            ("spec.models[1].fallback.deployments[0]", "InferenceDeployment"),
            ("spec.models[1].fallback.deployments[2]", "InferenceDeployment"),
            ("spec.tenants[0].keys[0].name", "Secret"),
            ("spec.tenants[0].keys[1].name", "Secret"),
            ("spec.cache.redis.urlSecret.name", "Secret"),
            ("spec.external[0].keySecret.name", "Secret"),
        ],
    ),
]
PROMETHEUS: dict[str, Any] = {"url": "http://p:9090", "tokenSecret": KEY}
POLICIES: list[tuple[Object, list[tuple[str, str]]]] = [
    (policy(), []),
    (
        policy(metrics={"source": "Prometheus", "prometheus": PROMETHEUS}),
        [("spec.metrics.prometheus.tokenSecret.name", "Secret")],
    ),
    (
        policy(metrics={"source": "Prometheus", "prometheus": PROMETHEUS | {"caSecret": KEY}}),
        [
            ("spec.metrics.prometheus.tokenSecret.name", "Secret"),
            ("spec.metrics.prometheus.caSecret.name", "Secret"),
        ],
    ),
]
ALL = [*DEPLOYMENTS, *GATEWAYS, *POLICIES]


@pytest.mark.parametrize(("given", "lost"), ALL, ids=range(len(ALL)))
def test_in_an_empty_cluster_every_reference_is_reported_missing_at_its_field(
    given: Object, lost: list[tuple[str, str]]
) -> None:
    refusals = admission.review(given, EMPTY).refusals
    assert [(one.field, one.because.split()[3]) for one in refusals] == lost


@pytest.mark.parametrize(("given", "lost"), ALL, ids=range(len(ALL)))
def test_references_are_taken_on_trust_where_the_cluster_was_not_read(
    given: Object, lost: list[tuple[str, str]]
) -> None:
    assert admission.review(given, ReviewContext(catalogue=CONTEXT.catalogue)).refusals == (), lost


def test_what_is_there_is_not_missed_and_another_namespace_does_not_count() -> None:
    def answer_of(namespace: str) -> list[str]:
        there = ReviewContext(catalogue=CONTEXT.catalogue, objects=frozenset({ObjectKey("Secret", namespace, "s")}))
        given = deployment(model={"source": "hf://Qwen/Qwen3-0.6B", "tokenSecret": KEY})
        return [one.sentence for one in admission.review(given, there).refusals]

    assert answer_of("default") == []
    (missed,) = answer_of("team")
    assert missed == (
        "spec.model.tokenSecret.name: s: there is no Secret s in namespace default; create it first, or name one of "
        "this namespace: kubectl get secret -n default"
    )
