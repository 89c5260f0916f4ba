"""A clock that is set back, or a new leader's that is behind: nothing waits for the times that were recorded before."""

from datetime import timedelta
from typing import Any, Final

from fairlead.controller.pods.uncreated_pods import GRACE_PERIOD_S
from fairlead.controller.status.tenant_use import WRITTEN_EVERY, TenantUsage
from fairlead.controller.work_queue import ReconcileOutcome
from tests.controller.children.test_peer_secrets import SECRET, Story
from tests.controller.pretend import NOON, Pretend, deployment
from tests.controller.test_bad_revisions import waiting
from tests.controller.trials import TrialWorld

HOUR: Final = timedelta(hours=1)
CANARY: Final[dict[str, Any]] = {"strategy": "Canary", "canary": {"steps": [{"traffic": 5, "hold": "10m"}]}}


class AheadTrial(TrialWorld):
    """A canary of an operator whose clock is an hour ahead of the cluster's until it is set right."""

    ahead = HOUR

    def tick(self, name: str = "chat") -> ReconcileOutcome:
        """Reconcile once, by that clock."""
        self.now += self.ahead
        try:
            return super().tick(name)
        finally:
            self.now -= self.ahead

    def set_right(self) -> None:
        """Set the clock back, or have a process of another node lead."""
        self.ahead = timedelta(0)
        self.restart()


def test_a_revision_that_cannot_start_is_given_up_once_and_retried_after_its_back_off() -> None:
    """Its failure counted as older than the spec, so it was written again and again until the hour was over."""
    world = AheadTrial({"strategy": "Replace"})
    world.rounds(1)
    world.set_right()
    (new,) = set(world.engines()) - {world.old}
    world.kube.broken[new] = waiting("InvalidImageName", "couldn't parse image name")
    world.settle()
    assert world.engines() == {world.old: 3, new: 0}
    assert world.condition("Progressing") == ("False", "StartFailed")
    assert world.event_sink.published.count("StartFailed") == 1
    world.kube.broken.clear()
    world.now += HOUR
    world.settle()
    assert world.serving_of(4096) == world.serving()


def test_an_aborted_canary_is_rejected_once() -> None:
    world = AheadTrial(CANARY)
    world.rounds(20)
    assert world.counts == (2, 1)
    world.set_right()
    world.order("abort")
    world.settle()
    assert (world.canary["phase"], world.counts) == ("Rejected", (3, 0))
    assert world.event_sink.published.count("CanaryRejected") == 1


def test_an_order_counts_once_though_its_time_is_in_the_future() -> None:
    world = AheadTrial(CANARY)
    world.rounds(20)
    world.order("abort")
    world.settle()
    world.now += HOUR
    world.order("retry")
    world.now -= HOUR
    world.rounds(20)
    assert world.counts == (2, 1)
    before = world.canary
    world.set_right()
    world.rounds(2)
    assert (world.canary["orderedAt"], world.counts) == (before["orderedAt"], (2, 1))
    assert world.canary["retriedAt"] < before["retriedAt"]


def test_a_step_lasts_no_longer_than_it_is_to() -> None:
    world = AheadTrial(CANARY)
    world.rounds(20)
    assert world.counts == (2, 1)
    world.set_right()
    world.rounds(1)
    world.now += timedelta(minutes=10)
    world.settle()
    assert (world.canary["phase"], world.counts) == ("Promoted", (0, 3))


def test_a_lack_of_pods_is_reported_as_soon_as_ever() -> None:
    world = Pretend()
    world.kube.makes_pods = False
    world.apply(deployment())
    world.reconcile_now()
    world.now -= 24 * HOUR
    world.reconcile_now()
    assert world.condition("Scheduled") == ("True", "Scheduled")
    world.now += timedelta(seconds=GRACE_PERIOD_S)
    world.reconcile_now()
    assert world.condition("Scheduled") == ("False", "PodsNotCreated")


def test_what_tenants_use_is_written_each_minute_as_ever() -> None:
    """It stayed as it was until the clock had caught up."""
    usage, back = TenantUsage(), NOON - 24 * HOUR
    assert usage.due("uid", [{"name": "a", "running": 1}], NOON) == [{"name": "a", "running": 1}]
    assert usage.due("uid", [{"name": "a", "running": 2}], back) == [{"name": "a", "running": 2}]
    assert usage.due("uid", [{"name": "a", "running": 3}], back) == [{"name": "a", "running": 2}]
    assert usage.due("uid", [{"name": "a", "running": 4}], back + WRITTEN_EVERY) == [{"name": "a", "running": 4}]


def test_a_secret_of_routers_that_was_deleted_is_made_again() -> None:
    story = Story()
    story.keep()
    del story.world.objects.held[SECRET]
    story.keep(after=-24 * HOUR)
    assert story.exists()
