"""Which replicas of a revision serve, and which have."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fairlead.fleet.rollouts import RevisionState, RolloutReplica

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
READY = RolloutReplica(name="chat-1", ready_since=NOON)


@pytest.mark.parametrize(
    ("replica", "serves", "has_served"),
    [
        (READY, True, True),
        (replace(READY, routable=True), True, True),
        (replace(READY, routable=False), False, False),
        (replace(READY, ready_since=None), False, False),
        (replace(READY, asleep=True), False, True),
        (replace(READY, ending=True), False, True),
    ],
    ids=["no router has reported it", "routable", "not routable", "not ready", "asleep", "ending"],
)
def test_a_replica_that_sleeps_or_ends_serves_no_more_but_has_served(
    replica: RolloutReplica, serves: bool, has_served: bool
) -> None:
    assert (replica.serves, replica.has_served) == (serves, has_served)
    assert RevisionState(name="a", requested=2, replicas=(replica, READY), created_at=NOON).serving == serves + 1
