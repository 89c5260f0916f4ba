"""An internal error is reported by the object that it concerns, whatever its kind."""

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Resource
from fairlead.controller.failure_reports import BUGS_REPORTED_AFTER
from fairlead.review.context import ObjectKey
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run, until
from tests.controller.leaders import leading
from tests.controller.test_leader_tasks import Torn


@pytest.mark.parametrize(
    ("kind", "resource", "reconciler"),
    [
        ("AutoscalingPolicy", kinds.AUTOSCALING_POLICY, "shared"),
        ("Evaluation", kinds.EVALUATION, "evaluations"),
        ("Adapter", kinds.ADAPTER, "adapters"),
        ("InferenceGateway", kinds.INFERENCE_GATEWAY, "gateways"),
    ],
)
def test_an_object_of_any_kind_that_breaks_us_says_so(kind: str, resource: Resource, reconciler: str) -> None:
    async def story() -> None:
        fake, where = FakeApi(), (resource.title, "default", "chat")
        serving = {"conditions": [{"type": "Ready", "status": "True", "reason": "Accepted"}]}
        async with leading(fake) as leader:
            await until(leader.tasks.world)
            setattr(leader.reconcilers, reconciler, Torn())
            fake.put(resource, {"metadata": {"name": "chat", "namespace": "default"}, "spec": {}, "status": serving})
            await until(lambda: leader.seen(resource))
            for _ in range(BUGS_REPORTED_AFTER):
                await leader.reconcile(ObjectKey(kind, "default", "chat"))
            found = fake.objects.held[where]["status"]["conditions"]
            assert {one["type"]: (one["status"], one["reason"]) for one in found} == {
                "Ready": ("False", "InternalError"),
                "Stalled": ("True", "InternalError"),
            }

    run(story())
