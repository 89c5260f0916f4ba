"""The webhook's review of an object, and of what it names."""

from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.controller.webhook import object_review
from fairlead.review.context import ReviewContext
from fairlead.review.order_annotation import ORDER
from fairlead.telemetry.operator_metrics import OperatorMetrics
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import run
from tests.controller.pretend import CATALOGUE, deployment

CONTEXT: Final = ReviewContext(catalogue=CATALOGUE)


def test_the_webhook_checks_that_referenced_objects_exist() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            review = object_review.handler(ApiServer(connection), CONTEXT, OperatorMetrics())
            document = deployment(storage={"cache": {"claimName": "models"}})
            assert "there is no PersistentVolumeClaim models" in (await review(document, None)).warnings[0]
            assert "spec.replicas: -1" in (await review(deployment(replicas=-1), None)).refused

    run(story())


def test_the_webhook_warns_of_a_volume_that_replicas_on_two_nodes_cannot_mount() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            review = object_review.handler(ApiServer(connection), CONTEXT, OperatorMetrics())
            claim = {"metadata": {"name": "models", "namespace": "default"}}
            fake.put(kinds.VOLUME_CLAIM, claim | {"spec": {"accessModes": ["ReadWriteOnce"]}})
            (warning,) = (await review(deployment(storage={"cache": {"claimName": "models"}}), None)).warnings
            assert warning.startswith("spec.storage.cache.claimName: models: the claim is ReadWriteOnce")
            fake.forbidden.add(("get", kinds.VOLUME_CLAIM.title))
            unread = object_review.handler(ApiServer(connection), CONTEXT, OperatorMetrics())
            assert (await unread(deployment(storage={"cache": {"claimName": "models"}}), None)).warnings == ()

    run(story())


def test_the_webhook_judges_a_deployment_beside_the_policy_it_names() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            review = object_review.handler(ApiServer(connection), CONTEXT, OperatorMetrics())
            scaling = {"minReplicas": 2, "maxReplicas": 4, "policy": {"name": "calm"}}
            document = deployment(replicas=None, scaling=scaling)
            assert "there is no AutoscalingPolicy calm" in (await review(document, None)).warnings[0]
            calm = {"metadata": {"name": "calm", "namespace": "default"}}
            fake.put(kinds.AUTOSCALING_POLICY, calm | {"spec": {"idle": {"scaleToZero": {"after": "15m"}}}})
            warnings = (await review(document, None)).warnings
            assert "policy calm removes the last replica after 900 s, and minReplicas keeps 2" in warnings[0]
            fake.forbidden.add(("get", kinds.AUTOSCALING_POLICY.title))
            assert "keeps 2" not in str((await review(document, None)).warnings)

    run(story())


def test_an_order_by_hand_is_reviewed_alone_whatever_is_wrong_with_the_spec_that_is_stored() -> None:
    """Of an update that leaves the spec as it is, the API server sends nothing else."""

    async def story() -> None:
        async with FakeApi().connected() as connection:
            review = object_review.handler(ApiServer(connection), CONTEXT, OperatorMetrics())
            stored = deployment(replicas=-1)
            ordered = stored | {"metadata": stored["metadata"] | {"annotations": {ORDER: "promote"}}}
            verdict = await review(ordered, stored)
            assert verdict.refused == ""
            (warning,) = verdict.warnings
            assert warning.startswith(f"metadata.annotations[{ORDER}]: promote: it is not a verb and a time")

    run(story())


@pytest.mark.parametrize("code", [429, 500, 0], ids=["throttled", "failing", "cut off"])
def test_an_api_server_that_answers_with_an_error_makes_a_review_warn_and_never_refuse(code: int) -> None:
    """It throttles, or its store changes leaders; the object is checked again when it is reconciled."""

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            review = object_review.handler(ApiServer(connection), CONTEXT, OperatorMetrics())
            scaling = {"minReplicas": 2, "maxReplicas": 4, "policy": {"name": "calm"}}
            named: dict[str, Any] = {"scaling": scaling, "gateway": {"name": "front"}}
            document = deployment(replicas=None, storage={"cache": {"claimName": "models"}}, **named)
            fake.fail(Fault(code=code), "get", times=30)
            verdict = await review(document, None)
            assert (verdict.refused, len(verdict.warnings)) == ("", 1)
            assert "not every object that this one names could be checked now: get " in verdict.warnings[0]
            assert "spec.replicas: -1" in (await review(deployment(replicas=-1), None)).refused
            fake.faults.clear()
            assert "there is no PersistentVolumeClaim models" in str((await review(document, None)).warnings)

    run(story())
