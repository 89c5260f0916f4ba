"""A bug in the decision or in a write of one deployment: the count is held and the status says so until it passes."""

import math

from fairlead.autoscaler import http_handlers
from tests.autoscaler.fleets import Fleet, run_story


def test_one_whose_decision_raises_in_each_round_is_held_and_says_so_until_it_can_be_decided() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        fleet.source.waiting = -math.inf
        await fleet.rounds(2)
        assert fleet.scaling()["reason"] == "QueueDepth"
        await fleet.rounds(30)
        assert (fleet.scaling()["recommended"], fleet.scaling()["reason"]) == (3, "InternalError")
        assert "not scaled: internal error in each decision" in fleet.scaling()["message"]
        assert [one["type"] for one in fleet.server.events if one["reason"] == "InternalError"] == ["Warning"]
        fleet.source.waiting = 6.0
        await fleet.rounds(1)
        assert fleet.scaling()["reason"] != "InternalError"

    run_story(story)


def test_a_write_that_raises_is_counted_and_waits_longer_each_time() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.server.refusal = ValueError("a bug")
        await fleet.rounds(20)
        assert 2 <= fleet.loop.states["uid-chat"].failures <= 5
        assert b"fairlead_autoscaler_failed_decisions_total 0.0" not in http_handlers.metrics(
            fleet.metrics, fleet.loop.records, fleet.sources, fleet.ledger, members=1
        )
        fleet.server.refusal = None
        await fleet.rounds(40)
        assert fleet.scaling()["recommended"] == 1

    run_story(story)
