"""A toleration that no pod can have is refused before anything is rolled out."""

import pytest

from fairlead.review import admission, deployment_review
from fairlead.review.context import ReviewContext
from tests.review.table import CONTEXT, deployment, gateway

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)


def refused(*tolerations: dict[str, object]) -> list[str]:
    """What is refused of a deployment with these tolerations."""
    found = admission.review(deployment(placement={"tolerations": list(tolerations)}), OFFLINE)
    return [one.sentence for one in found.refusals]


@pytest.mark.parametrize(
    ("more", "value"), [({}, "30, with every effect"), ({"effect": "NoSchedule"}, "30, with effect NoSchedule")]
)
def test_seconds_are_only_for_taints_that_evict(more: dict[str, object], value: str) -> None:
    (found,) = refused({"key": "a", "operator": "Exists"}, {"key": "x", "tolerationSeconds": 30} | more)
    assert found == (
        f"spec.placement.tolerations[1].tolerationSeconds: {value}: Kubernetes takes seconds only with effect "
        "NoExecute, which alone evicts pods; write effect: NoExecute, or remove tolerationSeconds"
    )


def test_an_empty_key_is_every_taint_and_compares_no_value() -> None:
    (found,) = refused({"key": "", "operator": "Equal", "value": "a"})
    assert found == (
        "spec.placement.tolerations[0].key: (empty): without a key Kubernetes takes only operator Exists; set key, or "
        "write operator: Exists to tolerate every taint"
    )


def test_what_kubernetes_takes_is_taken() -> None:
    assert refused({"key": "", "operator": "Exists"}, {"key": "x", "effect": "NoExecute", "tolerationSeconds": 0}) == []


def test_a_stored_one_is_reported_and_starts_nothing() -> None:
    stored = deployment(placement={"tolerations": [{"key": "x", "tolerationSeconds": 30}]})
    review = deployment_review.read(stored, OFFLINE)
    assert (review.may_start, review.accepted.reason) == (False, "Refused")


def test_those_of_routers_are_refused_too_of_a_deployment_and_of_a_gateway() -> None:
    placed = {"placement": {"tolerations": [{"key": "x", "tolerationSeconds": 30}]}}
    own = admission.review(deployment(router=placed), OFFLINE).refusals
    shared = admission.review(gateway(**placed), OFFLINE).refusals

    assert [one.field for one in own] == ["spec.router.placement.tolerations[0].tolerationSeconds"]
    assert [one.field for one in shared] == ["spec.placement.tolerations[0].tolerationSeconds"]
