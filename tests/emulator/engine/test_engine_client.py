"""Jobs through the live engine on a clock that jumps: when tokens come, which are refused, how all end."""

import asyncio
import random

import pytest

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.faults import EngineFault, FaultOrder
from fairlead.emulator.surface.jobs import EngineRefusal, JobEnding
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest, FinishReason
from tests.emulator.engine.virtual import PACED, Client, engine, provided, sequence
from tests.virtual_time import run_story

MODEL = EmulationKnobs()


def test_tokens_come_out_exactly_when_the_model_says() -> None:
    arrivals = [(0.0, 600, 40), (0.013, 3000, 25), (0.4, 90, 60), (0.41, 91, 8)]

    async def story() -> None:
        live = engine(knobs=MODEL)
        begun = asyncio.get_running_loop().time()
        clients = []
        for place, (after, prompt, reply) in enumerate(arrivals):
            await asyncio.sleep(begun + after - asyncio.get_running_loop().time())
            clients.append(Client(live, sequence(prompt, reply, start=place * 4000)))
        for client in clients:
            await client.answered()
        assert [(client.times[0], client.times[-1]) for client in clients] == in_virtual_time(begun)

    def in_virtual_time(begun: float) -> list[tuple[float, float]]:
        made = provided(knobs=MODEL)
        core = EngineCore(made.settings, made.times, random.Random(0))  # noqa: S311 - nothing is drawn
        requests = []
        at = begun
        for serial, (after, prompt, reply) in enumerate(arrivals):
            core.advance(at, begun + after, stopping=False)
            at = begun + after
            requests.append(
                EngineRequest(
                    serial=serial, prompt_tokens=prompt, output_tokens=reply, arrived=at, finish=FinishReason.STOP
                )
            )
            core.add(requests[-1])
        core.advance(at, begun + 100, stopping=False)
        return [(round(one.first_token - one.arrived, 9), round(one.ended - one.arrived, 9)) for one in requests]  # type: ignore[operator]

    run_story(story())


def test_a_fixed_pace_has_one_length_for_prompts_and_one_for_tokens() -> None:
    async def story() -> None:
        client = await Client(engine()).answered()
        assert client.times == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6])
        assert [reason for _, _, _, reason in client.received] == [None, None, None, None, "stop"]

    run_story(story())


def test_a_plain_request_receives_only_its_end_and_all_its_tokens() -> None:
    async def story() -> None:
        client = await Client(engine(), sequence(), sequence(), n=2, each_step=False).answered()
        assert [(index, count, finish) for _, index, count, finish in client.received] == [
            (0, 5, "stop"),
            (1, 5, "stop"),
        ]

    run_story(story())


def test_a_repeated_prompt_is_found_in_the_cache_and_its_reply_too() -> None:
    async def story() -> None:
        live = engine("--block-size", "32")
        await Client(live, sequence(101, 60)).answered()
        second = await Client(live, sequence(101, 60)).answered()
        assert second.feed.cached_tokens == [96]  # type: ignore[union-attr]
        counts = live.driver.ranks[0].core.counts
        assert (counts.queries, counts.hits) == (202, 96)

    run_story(story())


def test_who_goes_away_frees_its_seat_at_once_and_is_counted_nowhere() -> None:
    async def story() -> None:
        live = engine()
        client = Client(live, sequence(reply=500))
        await asyncio.sleep(0.35)
        client.cancel()
        client.cancel()
        assert live.driver.idle.is_set()
        assert live.driver.ranks[0].core.usage == 0.0
        await asyncio.sleep(1.0)
        assert (client.tokens, client.ending) == (2, None)
        assert live.driver.ranks[0].tally.gauges.running == 0
        assert sum(live.driver.ranks[0].tally.finished.values()) == 0

    run_story(story())


def test_over_the_cap_a_job_is_refused_whole_and_counted_once() -> None:
    async def story() -> None:
        live = engine("--max-num-queued-reqs", "2", "--max-num-seqs", "1")
        inside = [Client(live) for _ in range(1)]
        assert Client(live, sequence(), sequence(), n=2).feed is EngineRefusal.BUSY
        inside.append(Client(live))
        assert live.driver.refusal(1) is EngineRefusal.BUSY
        assert live.driver.rejected == {"max_num_queued_reqs": 2, "max_num_queued_tokens": 0}
        for client in inside:
            await client.answered()
        assert live.driver.refusal(2) is None

    run_story(story())


def test_beyond_so_many_prompt_tokens_in_prefill_the_next_is_refused() -> None:
    async def story() -> None:
        live = engine("--max-num-queued-tokens", "100")
        first = Client(live, sequence(100))
        assert Client(live).feed is EngineRefusal.BACKLOG
        await first.answered()
        assert (await Client(live).answered()).tokens == 5

    run_story(story())


@pytest.mark.parametrize(("policy", "order"), [("fcfs", ["a", "b", "c"]), ("priority", ["a", "c", "b"])])
def test_priority_counts_only_where_the_policy_says_so(policy: str, order: list[str]) -> None:
    async def story() -> None:
        live = engine("--scheduling-policy", policy, "--max-num-seqs", "1")
        ended: list[str] = []

        async def send(name: str, priority: int) -> None:
            await Client(live, sequence(), request_id=name, priority=priority).answered()
            ended.append(name)

        await asyncio.gather(send("a", 5), send("b", 5), send("c", 1))
        assert ended == order

    run_story(story())


def test_an_engine_without_tokens_goes_on_when_the_fault_is_taken_back() -> None:
    async def story() -> None:
        live = engine(knobs=EmulationKnobs(pace=PACED.pace, order=FaultOrder(fault=EngineFault.NO_TOKENS, after=1)))
        assert (await Client(live).answered()).tokens == 5
        stuck = Client(live)
        await asyncio.sleep(60)
        assert (stuck.tokens, live.acts.alive) == (0, True)
        live.acts.change_fault({"fault": ""})
        assert (await stuck.answered()).tokens == 5

    run_story(story())


def test_a_slow_step_is_slower_by_its_factor() -> None:
    async def story() -> None:
        live = engine(knobs=EmulationKnobs(pace=PACED.pace, order=FaultOrder(fault=EngineFault.SLOW_STEP, factor=10)))
        assert (await Client(live, sequence(reply=2)).answered()).times == pytest.approx([2.0, 3.0])

    run_story(story())


def test_a_cut_stream_has_as_many_tokens_as_ordered() -> None:
    async def story() -> None:
        live = engine(knobs=EmulationKnobs(pace=PACED.pace, order=FaultOrder(fault=EngineFault.CUT_STREAM, tokens=3)))
        client = await Client(live).answered()
        assert (client.tokens, client.ending) == (3, JobEnding.CUT)
        assert live.driver.idle.is_set()

    run_story(story())


def test_errors_are_refusals_after_the_requests_that_go_well() -> None:
    async def story() -> None:
        live = engine(knobs=EmulationKnobs(pace=PACED.pace, order=FaultOrder(fault=EngineFault.ERRORS, after=1)))
        await Client(live).answered()
        assert Client(live).feed is EngineRefusal.OUT_OF_ORDER

    run_story(story())


def test_an_engine_that_crashes_ends_its_requests_reports_it_once_and_accepts_no_more() -> None:
    async def story() -> None:
        live = engine(knobs=EmulationKnobs(pace=PACED.pace, order=FaultOrder(fault=EngineFault.ENGINE_DEATH, tokens=3)))
        deaths: list[EngineFault] = []
        live.died = deaths.append
        client = await Client(live).answered()
        assert (client.tokens, client.ending, deaths) == (3, JobEnding.DEAD, [EngineFault.ENGINE_DEATH])
        assert (live.acts.alive, live.driver.refusal(1)) == (False, EngineRefusal.DEAD)

    run_story(story())


def test_a_draining_engine_ends_what_it_has() -> None:
    async def story() -> None:
        live = engine()
        client = Client(live)
        live.driver.draining = True
        assert Client(live).feed is EngineRefusal.DRAINING
        assert (await client.answered()).tokens == 5

    run_story(story())


def test_a_process_that_is_behind_its_model_says_so_instead_of_taking_work() -> None:
    async def story() -> None:
        live = engine()
        live.driver.lag.least = live.driver.lag.mean = 0.9
        assert (Client(live).feed, live.driver.lag_seconds) == (EngineRefusal.LAGGING, 0.9)
        assert "fairlead_engine_behind 1.0" in live.acts.metrics()
        live.driver.lag.rest()
        assert (await Client(live).answered()).tokens == 5

    run_story(story())


def test_a_prompt_that_can_never_fit_is_refused_and_nothing_of_its_job_stays() -> None:
    async def story() -> None:
        live = engine("--num-gpu-blocks-override", "5", "--no-enable-prefix-caching")
        assert Client(live, sequence(20), sequence(500), n=2).feed is EngineRefusal.OUT_OF_ORDER
        assert (live.driver.inside, live.driver.ranks[0].core.waiting) == (0, 0)
        assert (await Client(live, sequence(20)).answered()).tokens == 5

    run_story(story())


def test_data_parallel_engines_share_the_load_and_one_can_be_pinned() -> None:
    async def story() -> None:
        live = engine("--data-parallel-size", "2")
        clients = [Client(live, sequence(start=place)) for place in range(4)]
        clients += [Client(live, sequence(start=9 + place), rank=1) for place in range(2)]
        assert [rank.core.running + rank.core.waiting for rank in live.driver.ranks] == [2, 4]
        for client in clients:
            await client.answered()

    run_story(story())
