"""Admission responses: all errors at once, and a warning where a name does not resolve yet."""

from typing import Any

from fairlead.review import admission, webhook
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.order_annotation import ORDER
from fairlead.review.webhook import AdmissionResponse
from tests.review.table import CONTEXT, deployment, gateway, policy

TRUSTING = ReviewContext(catalogue=CONTEXT.catalogue)


def test_a_good_object_is_let_in_without_a_word() -> None:
    assert webhook.response(admission.review(deployment(), TRUSTING), frozenset()) == AdmissionResponse()


def test_all_errors_are_reported_at_once() -> None:
    bad = deployment(replicas=-1, drain={"timeout": "soon"})
    found = webhook.response(admission.review(bad, TRUSTING), frozenset())
    assert "spec.replicas: -1" in found.refused
    assert "spec.drain.timeout: soon" in found.refused
    assert found.warnings == ()


def test_a_name_that_leads_nowhere_warns_and_never_refuses() -> None:
    scaled = deployment(scaling={"maxReplicas": 2, "policy": {"name": "calm"}})
    found = webhook.response(admission.review(scaled, TRUSTING), frozenset())
    assert found.refused == ""
    assert found.warnings[0].startswith("spec.scaling.policy.name: calm: there is no AutoscalingPolicy calm")
    there = frozenset({ObjectKey("AutoscalingPolicy", scaled["metadata"].get("namespace", "default"), "calm")})
    assert webhook.response(admission.review(scaled, TRUSTING), there) == AdmissionResponse()


def test_gateways_and_policies_name_others_too() -> None:
    prometheus = {"prometheus": {"url": "https://prometheus:9090", "tokenSecret": {"name": "s", "key": "k"}}}
    fields = policy(metrics={"source": "Prometheus"} | prometheus)
    led = gateway(models=[{"name": "m", "deployment": "chat"}])
    for document, answer in ((fields, "there is no Secret s"), (led, "there is no InferenceDeployment chat")):
        found = webhook.response(admission.review(document, TRUSTING), frozenset())
        assert found.refused == ""
        assert answer in found.warnings[-1]


def test_what_is_no_object_of_ours_is_refused() -> None:
    for document in ({}, {"kind": "InferenceDeploiment"}, {"kind": 7}):
        assert webhook.response(admission.review(document, TRUSTING), frozenset()).refused.startswith("kind: ")


def test_an_order_that_cannot_be_read_is_warned_of_and_one_that_can_is_not_even_beside_a_bad_spec() -> None:
    def answer(given: dict[str, Any], words: str) -> AdmissionResponse:
        annotated = given | {"metadata": given["metadata"] | {"annotations": {ORDER: words}}}
        return webhook.of_order(annotated)

    bad = deployment(replicas=-1)
    (warning,) = answer(bad, "promote").warnings
    assert warning.startswith("metadata.annotations[fairlead.dev/rollout]: promote: it is not a verb and a time")
    assert answer(bad, "abort 2026-11-20T12:00:00Z") == AdmissionResponse()
    assert answer(gateway(), "promote") == AdmissionResponse(), "it has no canary"
