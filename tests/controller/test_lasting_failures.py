"""An object of which each reconcile fails for minutes says so; one that fails for a moment does not."""

import asyncio
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, of_answer
from fairlead.controller import failure_reports
from fairlead.controller.failure_reports import FAILURES_REPORTED_AFTER_S
from fairlead.controller.work_queue import LONGEST_RETRY_S, ReconcileOutcome
from fairlead.review.context import ObjectKey
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import run, until
from tests.controller.leaders import Leader, leading, stored
from tests.controller.pretend import deployment

CHAT = ObjectKey("InferenceDeployment", "default", "chat")
MOMENT_S: Final = 0.02


class Failing:
    """Reconciles that the API server fails."""

    async def reconcile(self, key: ObjectKey, now: object) -> ReconcileOutcome:
        """Fail as a deletion does while the webhook that has to allow it is down."""
        del now
        request = ApiRequest(verb="delete", resource=kinds.DEPLOYMENT, namespace=key.namespace, name="chat-1a2b3c4d")
        raise of_answer(request, 500, b'{"message": "failed calling webhook \\"policy.example.com\\""}')


def break_down(leader: Leader) -> object:
    """Let each reconcile fail from now on; return what worked."""
    good, leader.reconcilers.deployments = leader.reconcilers.deployments, Failing()  # type: ignore[assignment]  # as far as it is called
    return good


def test_after_minutes_the_conditions_say_what_fails_until_a_reconcile_succeeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The object kept Ready True for as long as it lasted, and nothing was done for it."""

    async def story() -> None:
        fake = FakeApi()
        fake.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment())
        async with leading(fake) as leader:
            await until(lambda: stored(fake)[1] == "ProductAbsent")
            good = break_down(leader)
            for _ in range(9):
                assert (await leader.reconcile(CHAT)).failed
            assert stored(fake) == ("False", "ProductAbsent")
            monkeypatch.setattr(failure_reports, "FAILURES_REPORTED_AFTER_S", 0.0)
            await leader.reconcile(CHAT)
            assert (stored(fake), stored(fake, "Stalled")) == (
                ("False", "ReconcileFails"),
                ("True", "ReconcileFails"),
            )
            version = fake.objects.version
            await leader.reconcile(CHAT)
            assert fake.objects.version == version, "the same error is written once"
            leader.reconcilers.deployments = good  # type: ignore[assignment]  # the real one
            assert not (await leader.reconcile(CHAT)).failed
            await until(lambda: stored(fake) == ("False", "ProductAbsent"))
            await asyncio.sleep(MOMENT_S)
            monkeypatch.setattr(failure_reports, "FAILURES_REPORTED_AFTER_S", MOMENT_S)
            break_down(leader)
            assert (await leader.reconcile(CHAT)).failed
            assert stored(fake) == ("False", "ProductAbsent"), "the earlier failures no longer count"

    run(story())


def test_an_api_server_that_is_down_for_all_takes_no_report_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """The write of the report fails as well: it is only logged, and the queue tries again later."""
    monkeypatch.setattr(failure_reports, "FAILURES_REPORTED_AFTER_S", 0.0)

    async def story() -> None:
        fake = FakeApi()
        fake.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment())
        async with leading(fake) as leader:
            await until(lambda: stored(fake)[1] == "ProductAbsent")
            break_down(leader)
            fake.fail(Fault(code=503), "patch")
            assert "policy.example.com" in (await leader.reconcile(CHAT)).failed
            assert stored(fake) == ("False", "ProductAbsent")
            await leader.reconcile(CHAT)
            assert stored(fake) == ("False", "ReconcileFails")

    run(story())


def test_it_is_reported_by_the_time_that_retries_are_as_rare_as_they_get() -> None:
    assert FAILURES_REPORTED_AFTER_S <= LONGEST_RETRY_S
