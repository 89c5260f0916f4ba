"""An API server that refuses requests for a while is left alone for that long."""

from datetime import datetime

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, Throttled
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run, until
from tests.controller.leaders import leading


class Throttling:
    """Fails as an overloaded API server makes it fail."""

    async def reconcile(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:  # noqa: ARG002
        """Fail."""
        raise Throttled(ApiRequest(verb="list", resource=kinds.POD), 429, {}, retry_after=30.0)


def test_a_reconcile_that_is_throttled_waits_as_long_as_the_server_says() -> None:
    async def story() -> None:
        async with leading(FakeApi()) as leader:
            await until(leader.tasks.world)
            leader.reconcilers.deployments = Throttling()  # type: ignore[assignment]
            outcome = await leader.reconcile(ObjectKey("InferenceDeployment", "default", "chat"))
            assert (outcome.failed, outcome.not_before_s) == ("list pods: 429: ", 30.0)

    run(story())
