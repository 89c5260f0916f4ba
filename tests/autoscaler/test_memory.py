"""What the autoscaler learned: saved beside the deployment, read at the next start, and never lost by a failed read."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import pytest

from fairlead.autoscaler import memory_store
from fairlead.autoscaler.samples.prometheus import PrometheusSampleSource
from fairlead.autoscaler.samples.query_turns import QueryTurns
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, RequestRefused, Unreachable
from fairlead.fleet.policies import ReplicaBounds
from fairlead.scaling.learn.demand_forecast import HOUR, WEEK
from tests.autoscaler.fleets import Fleet, deployment, policy, run_story
from tests.autoscaler.weeks import Weeks
from tests.scaling.fluid_fleets import Fluid

FORMER: Final = Path(__file__).parent / "data" / "former_memory.json"
"""Written by the release that saved `learnt.json`."""


def test_what_was_learned_is_saved_at_shutdown_and_loaded_at_the_next_start() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.source.waiting = 6.0
        working = asyncio.create_task(fleet.loop.run())
        for _ in range(10):
            fleet.clock.now += 1.0
            await fleet.loop.round()
            await asyncio.sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        assert "chat-autoscaler-memory" in fleet.server.held
        again = Fleet(world=fleet.world, clock=fleet.clock, subjects=fleet.subjects)
        again.server.held = fleet.server.held
        await again.rounds(1)
        memory = again.loop.states["uid-chat"].memory
        assert memory is not None
        assert memory == fleet.loop.states["uid-chat"].kept
        await again.sources.close()

    run_story(story)


def test_while_the_saved_memory_cannot_be_read_decisions_wait_for_it_so_that_it_is_not_lost() -> None:
    async def story(fleet: Fleet) -> None:
        hours = {"estimates": {"forecasts": {"hours": [2.0] * WEEK}}}
        memory = memory_store.manifest(deployment("chat"), {memory_store.KEY: json.dumps(hours)})
        fleet.server.held["chat-autoscaler-memory"] = memory
        fleet.server.unread = Unreachable(ApiRequest(verb="get", resource=kinds.CONFIG_MAP), 503, {})
        await fleet.rounds(20)
        assert fleet.loop.states["uid-chat"].memory is None
        fleet.server.unread = None
        await fleet.rounds(700)
        assert fleet.scaling()["recommended"] == 1
        saved = fleet.server.held["chat-autoscaler-memory"]
        assert saved is not memory
        assert json.loads(saved["data"][memory_store.KEY])["estimates"]["forecasts"]["hours"] == [2.0] * WEEK

    run_story(story)


def test_a_memory_that_may_not_be_read_is_not_written_over() -> None:
    async def story(fleet: Fleet) -> None:
        memory = memory_store.manifest(deployment("chat"), {memory_store.KEY: "{}"})
        fleet.server.held["chat-autoscaler-memory"] = memory
        fleet.server.unread = RequestRefused(ApiRequest(verb="get", resource=kinds.CONFIG_MAP), 403, {})
        await fleet.rounds(700)
        assert fleet.scaling()["recommended"] == 1
        working = asyncio.create_task(fleet.loop.run())
        await asyncio.sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        assert fleet.server.held["chat-autoscaler-memory"] is memory

    run_story(story)


def test_a_save_that_failed_is_tried_again_within_a_minute() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(590)
        fleet.server.refusal = Unreachable(ApiRequest(verb="patch", resource=kinds.CONFIG_MAP), 503, {})
        await fleet.rounds(20)
        assert "chat-autoscaler-memory" not in fleet.server.held
        fleet.server.refusal = None
        await fleet.rounds(60)
        assert "chat-autoscaler-memory" in fleet.server.held

    run_story(story)


@pytest.mark.parametrize("key", ["state.json", "learnt.json", "speculation.json"])
@pytest.mark.parametrize(
    "text", ["{", "[]", '{"fits": 1, "estimates": 1, "off": 1}', '{"x":' * 5000], ids=["cut", "list", "numbers", "deep"]
)
def test_a_memory_that_makes_no_sense_begins_anew(key: str, text: str) -> None:
    async def story(fleet: Fleet) -> None:
        owner = [{"uid": "uid-chat"}]
        fleet.server.held["chat-autoscaler-memory"] = {
            "metadata": {"name": "chat-autoscaler-memory", "ownerReferences": owner},
            "data": {key: text},
        }
        await fleet.rounds(6)
        assert fleet.scaling()["recommended"] == 1

    run_story(story)


@pytest.mark.parametrize(
    "table", [{"forecasts": {"hours": [2.0] * 24}}, {"slo_correction": {"buckets": [[1.0, 0.0]] * 4}}]
)
def test_a_table_of_another_length_as_another_release_may_save_it_begins_anew(table: dict[str, object]) -> None:
    async def story(fleet: Fleet) -> None:
        text = json.dumps({"estimates": table})
        memory = memory_store.manifest(deployment("chat"), {memory_store.KEY: text})
        fleet.server.held["chat-autoscaler-memory"] = memory
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        state = fleet.loop.states["uid-chat"].memory
        assert state is not None
        assert (state.estimates.forecasts.hours, state.estimates.slo_correction.buckets) == ((), ())

    run_story(story)


def test_weeks_that_a_prometheus_remembers_are_known_from_the_first_decision_and_kept() -> None:
    async def story(fleet: Fleet) -> None:
        weeks = Weeks([(HOUR, 2.0)])
        remembering = partial(PrometheusSampleSource, turns=QueryTurns(), connect=lambda _: weeks)
        client = Fleet(world=fleet.world, subjects=fleet.subjects, prometheus=remembering)
        fleet.world.receive(policy(metrics={"source": "Prometheus", "prometheus": {"url": "http://prometheus"}}))
        await client.rounds(1)
        state = client.loop.states["uid-chat"]
        assert state.memory is not None
        assert state.memory.estimates.forecasts.hours[0] == 2.0
        assert state.learnt_more
        assert "chat-router" in weeks.queries[0][0]
        await client.sources.close()

    run_story(story)


def test_what_a_fleet_of_a_thousand_replicas_learned_is_saved_without_what_only_its_next_samples_need() -> None:
    async def story(fleet: Fleet) -> None:
        large = Fluid(bounds=ReplicaBounds(least=1000, most=1000)).grown(1000, at_once=True)
        large.lived(64.0, 4000.0)
        assert len(large.memory.estimates.marks) == 1000
        assert await memory_store.keep(fleet.server, deployment("chat"), large.memory)
        saved = json.loads(fleet.server.held["chat-autoscaler-memory"]["data"][memory_store.KEY])
        assert saved["estimates"]["mixture"]["requests"] > 0
        assert saved["estimates"]["marks"] == []

    run_story(story)


def test_a_memory_that_an_earlier_version_saved_is_read_with_its_baselines() -> None:
    """Under the former names each pod's baseline was saved too: with it the first sample after an upgrade teaches."""

    async def story(fleet: Fleet) -> None:
        earlier = Fluid().grown(2, at_once=True)
        earlier.lived(64.0, 4.0)
        baselines = earlier.memory.estimates.marks
        former = json.loads(FORMER.read_text(encoding="utf-8"))
        learnt = json.loads(former["data"][memory_store.FORMER_KEY]) | {"marks": msgspec.to_builtins(baselines)}
        data = {memory_store.FORMER_KEY: json.dumps(learnt)}
        fleet.server.held["chat-autoscaler-memory"] = memory_store.manifest(deployment("chat"), data)
        restored = await memory_store.restore(fleet.server, deployment("chat"))
        assert restored.estimates.marks == baselines
        assert len(baselines) == 2
        assert restored.estimates.fits[0].equations > 32

    run_story(story)


def test_what_the_release_before_saved_is_read_and_saved_so_that_it_can_read_it_again() -> None:
    async def story(fleet: Fleet) -> None:
        former = json.loads(FORMER.read_text(encoding="utf-8"))
        fleet.server.held["chat-autoscaler-memory"] = former
        restored = await memory_store.restore(fleet.server, deployment("chat"))
        assert restored.answer_history.speculation.drafted == 3.0
        assert restored.estimates.fits[0].equations > 32
        assert sum(count for count, _ in restored.estimates.slo_correction.buckets) > 1000
        assert await memory_store.keep(fleet.server, deployment("chat"), restored)
        saved = dict(fleet.server.held["chat-autoscaler-memory"]["data"])
        assert await memory_store.restore(fleet.server, deployment("chat")) == restored
        del saved[memory_store.KEY]
        assert saved == former["data"]

    run_story(story)


def saved_twice(present: str, former: str) -> dict[str, str]:
    """A memory under both names, with when it was learned and how long queue depth needed more replicas."""
    return {memory_store.KEY: present, memory_store.FORMER_KEY: former}


def of_present(at: float | None) -> str:
    return json.dumps({"estimates": {"queueing": {"at": at}, "pressed_since": 1.0}})


def of_former(at: float | None) -> str:
    return json.dumps({"queueing": {"at": at}, "pressed_since": 5.0})


@pytest.mark.parametrize(
    ("data", "pressed_since"),
    [
        (saved_twice(of_present(600.0), of_former(600.0)), 1.0),
        (saved_twice(of_present(600.0), of_former(None)), 1.0),
        (saved_twice(of_present(600.0), of_former(1200.0)), 5.0),
        (saved_twice("{}", of_former(1200.0)), None),
        (saved_twice("{", of_former(600.0)), 5.0),
        (saved_twice(of_present(600.0), "{"), 1.0),
    ],
    ids=["alike", "no time", "written after a rollback", "emptied by hand", "unreadable", "former unreadable"],
)
def test_of_a_memory_under_both_names_the_present_one_counts_unless_the_other_is_later_or_alone_readable(
    data: dict[str, str], pressed_since: float | None
) -> None:
    """A rollback leaves what another client has edited too: the release before writes only the former names."""

    async def story(fleet: Fleet) -> None:
        fleet.server.held["chat-autoscaler-memory"] = memory_store.manifest(deployment("chat"), data)
        restored = await memory_store.restore(fleet.server, deployment("chat"))
        assert restored.estimates.pressed_since == pressed_since

    run_story(story)


def test_what_is_read_instead_of_a_memory_that_makes_no_sense_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def story(fleet: Fleet) -> None:
        fleet.server.held["chat-autoscaler-memory"] = memory_store.manifest(
            deployment("chat"), saved_twice("{", of_former(600.0))
        )
        await memory_store.restore(fleet.server, deployment("chat"))

    run_story(story)
    (line,) = [one.getMessage() for one in caplog.records if one.name == "fairlead.autoscaler"]
    assert line.startswith("state.json of the learnt speeds and demand makes no sense, so learnt.json is used: ")
