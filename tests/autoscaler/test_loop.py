"""The loop: decides, publishes where it matters, holds where too little is known, and no deployment stops it."""

from dataclasses import replace

from fairlead.autoscaler import http_handlers
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, Unreachable
from fairlead.fleet.policies import ReplicaBounds
from tests.autoscaler.fleets import SUBJECT, Fleet, deployment, pod, policy, run_story


def test_a_queue_is_answered_within_two_rounds() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(6)
        fleet.source.waiting = 6.0
        await fleet.rounds(2)
        assert fleet.scaling()["recommended"] == 3
        assert fleet.scaling()["reason"] == "QueueDepth"
        last = fleet.scaling()["decisions"][0]
        assert (last["before"], last["after"]) == (1, 3)
        (event,) = fleet.server.events
        assert event["note"].startswith("1 to 3 replicas: 6 requests wait")

    run_story(story)


def test_while_nothing_changes_nothing_is_written() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(30)
        written = len(fleet.server.applied)
        await fleet.rounds(120)
        assert len(fleet.server.applied) == written

    run_story(story)


def test_the_status_of_a_policy_reports_its_last_effect() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(6)
        fleet.source.waiting = 6.0
        await fleet.rounds(2)
        found = fleet.world.of(kinds.AUTOSCALING_POLICY).find("team", "queue")
        assert found is not None
        (effect,) = found["status"]["effects"]
        assert (effect["deployment"], effect["before"], effect["after"]) == ("chat", 1, 3)

    run_story(story)


def test_a_policy_that_only_recommends_advises() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.world.receive(policy("shy", mode="Recommend"))
        fleet.deploy("watched", policy="shy")
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        assert fleet.scaling("watched")["advised"] == 3
        assert "recommended" not in fleet.scaling("watched")
        notes = [one["note"] for one in fleet.server.events]
        assert any(one.startswith("nothing is changed in mode Recommend: ") for one in notes), notes

    run_story(story)


def test_a_policy_that_is_not_there_holds_and_says_so_until_it_comes() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.deploy("lost", policy="nowhere")
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        assert fleet.scaling("lost")["recommended"] == 1
        assert fleet.scaling("lost")["reason"] == "NoPolicy"
        assert "there is no AutoscalingPolicy nowhere" in fleet.scaling("lost")["message"]
        assert any(one["note"].startswith("stays at 1: not scaled: there is no") for one in fleet.server.events)
        fleet.world.receive(policy("nowhere"))
        await fleet.rounds(3)
        assert fleet.scaling("lost")["recommended"] == 3

    run_story(story)


def test_a_policy_that_cannot_be_read_holds_too() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.world.receive(policy("broken", coldStart={"assume": "soon"}))
        fleet.deploy("held", policy="broken")
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        assert fleet.scaling("held")["recommended"] == 1
        assert "cannot be read" in fleet.scaling("held")["message"]

    run_story(story)


def test_a_policy_that_came_past_the_webhook_and_cannot_work_holds_and_names_its_field() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.world.receive(policy("never", signals={"kvCache": {"target": "1"}}))
        fleet.deploy("held", policy="never")
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        assert (fleet.scaling("held")["recommended"], fleet.scaling("held")["reason"]) == (1, "NoPolicy")
        assert "AutoscalingPolicy never cannot work: spec.signals.kvCache.target" in fleet.scaling("held")["message"]

    run_story(story)


def test_one_that_raises_stops_no_other() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.deploy("broken")
        fleet.world.receive(deployment("broken", status={"scaling": ["no such thing"]}))
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        assert fleet.scaling("chat")["recommended"] == 3
        assert b"fairlead_autoscaler_failed_decisions_total 0.0" not in _page(fleet)

    run_story(story)


def test_a_spec_that_raises_when_it_is_read_stops_no_other_and_counts_once() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.deploy("broken")
        fleet.unreadable.add("broken")
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        assert fleet.scaling("chat")["recommended"] == 3
        assert fleet.scaling("broken") == {}
        assert b"fairlead_autoscaler_failed_decisions_total 1.0" in _page(fleet)
        fleet.unreadable.clear()
        fleet.world.receive(deployment("broken") | {"metadata": deployment("broken")["metadata"] | {"generation": 2}})
        await fleet.rounds(6)
        assert fleet.scaling("broken")["recommended"] == 3

    run_story(story)


def test_without_scaling_in_the_spec_our_old_word_goes_once() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(6)
        assert fleet.scaling()
        fleet.world.receive(
            deployment("chat", spec={"replicas": 2}, status={"scaling": fleet.scaling()})
            | {"metadata": deployment("chat")["metadata"] | {"generation": 2}}
        )
        await fleet.rounds(6)
        assert fleet.scaling() == {}
        assert fleet.server.scalings().count({}) == 1

    run_story(story)


def test_while_pods_are_silent_the_number_of_replicas_is_held_and_the_reason_is_reported() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        fleet.source.silent = True
        await fleet.rounds(60)
        assert fleet.scaling()["recommended"] == 3
        assert fleet.scaling()["reason"] == "FiguresMissing"
        (record,) = fleet.loop.records()
        assert {one.because for one in record.recommendation.questions} == {"it was not scraped yet"}

    run_story(story)


def test_a_refused_write_is_retried_after_a_longer_delay_each_time() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.server.refusal = Unreachable(ApiRequest(verb="patch", resource=kinds.INFERENCE_DEPLOYMENT), 0, {})
        await fleet.rounds(20)
        state = fleet.loop.states["uid-chat"]
        assert 2 <= state.failures <= 5
        fleet.server.refusal = None
        await fleet.rounds(40)
        assert fleet.scaling()["recommended"] == 1

    run_story(story)


def test_a_status_that_another_client_overwrites_is_restored_and_reported_in_an_event() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(10)
        fleet.world.receive(deployment("chat", status={"scaling": fleet.scaling() | {"recommended": 5}}))
        await fleet.rounds(3)
        assert fleet.scaling()["recommended"] == 1
        assert "PutBack" in {one["reason"] for one in fleet.server.events}

    run_story(story)


def test_a_watch_that_lags_is_not_taken_for_another_client() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(10)
        fleet.server.lags = True
        fleet.source.waiting = 6.0
        await fleet.rounds(30)
        fleet.server.catch_up()
        await fleet.rounds(20)
        assert [one["reason"] for one in fleet.server.scalings()] == ["Idle", "QueueDepth", "Steady"]
        assert len(fleet.scaling()["decisions"]) == 1
        assert [one["reason"] for one in fleet.server.events] == ["QueueDepth"]
        assert b'outcome="contested"' not in _page(fleet)

    run_story(story)


def test_another_clients_write_is_seen_as_soon_as_it_comes() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(6)
        fleet.source.waiting = 6.0
        await fleet.rounds(2)
        assert fleet.scaling()["recommended"] == 3
        fleet.world.receive(deployment("chat", status={"scaling": fleet.scaling() | {"recommended": 5}}))
        await fleet.rounds(1)
        assert fleet.scaling()["recommended"] == 3
        assert "PutBack" in {one["reason"] for one in fleet.server.events}

    run_story(story)


def test_a_deleted_deployment_leaves_no_state_and_no_scrape_targets() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(6)
        for resource in (kinds.INFERENCE_DEPLOYMENT, kinds.POD):
            for one in fleet.world.of(resource).all():
                fleet.world.of(resource).drop(one)
        await fleet.rounds(1)
        assert fleet.loop.states == {}
        assert fleet.source.targets == ()

    run_story(story)


def test_the_page_shows_the_last_decision_of_each() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.subjects["chat"] = SUBJECT
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        page = _page(fleet)
        assert b'fairlead_autoscaler_recommended_replicas{namespace="team",name="chat"} 3.0' in page
        assert b'fairlead_autoscaler_needed_replicas{namespace="team",name="chat",signal="queueDepth"} 3.0' in page
        assert b"fairlead_autoscaler_decision_seconds_count" in page

    run_story(story)


def _page(fleet: Fleet) -> bytes:
    return http_handlers.metrics(fleet.metrics, fleet.loop.records, fleet.sources, fleet.ledger, members=1)


def test_a_deployment_in_its_first_second_gets_no_recommendation_of_zero_while_its_policy_is_missing() -> None:
    """Its controller has not written a count yet, and no pod is there: nothing would start the model again."""

    async def story(fleet: Fleet) -> None:
        fleet.subjects["new"] = replace(SUBJECT, bounds=ReplicaBounds(least=0, most=6, policy="late"))
        fleet.world.receive(deployment("new", status=None))
        await fleet.rounds(6)
        assert fleet.scaling("new") == {}
        seen = fleet.world.of(kinds.INFERENCE_DEPLOYMENT).find("team", "new")
        assert seen is not None
        fleet.world.receive(seen | {"status": {"desiredReplicas": 1}})
        await fleet.rounds(1)
        assert (fleet.scaling("new")["recommended"], fleet.scaling("new")["reason"]) == (1, "NoPolicy")
        fleet.world.receive(deployment("old", status=None))
        fleet.subjects["old"] = fleet.subjects["new"]
        fleet.world.receive(pod("old", "engine", 0))
        await fleet.rounds(1)
        assert fleet.scaling("old")["recommended"] == 1

    run_story(story)
