"""The figures of a pod for a decision: the engine's figures converted, and the doubts that depend on a policy."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.autoscaler.samples import pod_figures, router_reports, validation
from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.autoscaler.scaling_spec import ScalingSpec
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad
from fairlead.fleet.policies import Objectives, ReplicaBounds, ScalingPolicy
from fairlead.scaling.facts import EngineFigures, LatencyTotals, ReplicaSpeed, SampleProblem
from tests.autoscaler.pages import load, router_page

POLICY = ScalingPolicy(objectives=Objectives(ttft_p95_seconds=0.75), stale_after_seconds=30.0)
RATES = ReplicaSpeed(step_seconds=0.01, seconds_per_sequence=0.0, seconds_per_prompt_token=0.0)
SPEC = ScalingSpec(
    bounds=ReplicaBounds(least=1, most=6, policy="chat"),
    kind=EngineKind.VLLM,
    revision="r2",
    speed=replace(RATES, kv_tokens=130094.7),
)
BLOCKS = {"capacity_blocks": 48865, "block_tokens": 16}
OUT = {"state": "ejected", "reason": "no progress for 30 s", "inflight": 0}


def still(views: int, every: float = 5.0, **figures: float) -> PodSample[EngineLoad]:
    """An engine whose counters stand still for this many scrapes after the first one."""
    sample: PodSample[EngineLoad] = PodSample()
    for number in range(views + 1):
        sample = validation.after(sample, load(**figures), number * every)
    return sample


def routers(*pages: bytes) -> list[PodSample[RouterView]]:
    return [router_reports.after(PodSample(), page, 10.0) for page in pages]


def test_the_figures_of_an_engine_are_converted_to_those_of_a_decision() -> None:
    figures, problem = pod_figures.pod(PodSample(figures=load(), at=5.0, problem=None), POLICY, now=6.0)

    assert problem is None
    assert figures == EngineFigures(
        at=5.0,
        running=3.0,
        waiting=1.0,
        kv_usage=0.25,
        prompt_tokens=1000.0,
        cached_tokens=250.0,
        output_tokens=500.0,
        steps=90.0,
        first_token=LatencyTotals(count=10.0, total=4.0, kept=7.0),
    )


@pytest.mark.parametrize(
    ("hits", "loaded", "cached"),
    [(250.0, 400.0, 650.0), (0.0, 400.0, 400.0), (250.0, None, 250.0), (None, 400.0, None)],
)
def test_tokens_loaded_from_main_memory_are_cached_ones_too(
    hits: float | None, loaded: float | None, cached: float | None
) -> None:
    """Scaling counts what is left to compute, wherever the rest was."""
    figures = pod_figures.figures(load(prefix_hits=hits, loaded=loaded), 5.0, Objectives())

    assert figures.cached_tokens == cached


def test_a_pod_that_never_answered_has_no_figures_and_the_problem_no_answer() -> None:
    assert pod_figures.pod(PodSample(), POLICY, now=6.0) == (None, SampleProblem.NO_ANSWER)
    assert pod_figures.router(PodSample(), POLICY, now=6.0) == (None, SampleProblem.NO_ANSWER)


@pytest.mark.parametrize(
    ("figures", "tokens"),
    [
        ({"capacity_tokens": 4096, "capacity_blocks": 3, "block_tokens": 16}, 4096.0),
        ({"capacity_blocks": 300, "block_tokens": 16}, 4800.0),
        ({"capacity_blocks": 300}, None),
    ],
)
def test_the_cache_holds_what_the_engine_says(figures: dict[str, int], tokens: float | None) -> None:
    assert pod_figures.figures(load(**figures), 0.0, Objectives()).kv_tokens == tokens


@pytest.mark.parametrize(
    ("figures", "revision", "spec", "tokens"),
    [
        (BLOCKS, "r2", SPEC, 130094.0),
        (BLOCKS | {"capacity_tokens": 578210}, "r2", SPEC, 578210.0),
        (BLOCKS, "r1", SPEC, 781840.0),
        (BLOCKS, "r2", replace(SPEC, speed=None), 781840.0),
        (BLOCKS, "r2", replace(SPEC, speed=RATES), 781840.0),
        ({}, "r2", SPEC, None),
    ],
)
def test_blocks_alone_do_not_say_what_the_cache_holds_if_the_fit_does(
    figures: dict[str, int], revision: str, spec: ScalingSpec, tokens: float | None
) -> None:
    """Older releases of vLLM report no tokens: the blocks of Gemma 3 times 16 are more than they hold. The spec's fit
    is that of its own revision."""
    sample = pod_figures.sized(PodSample(figures=load(**figures), at=5.0, problem=None), spec, revision)
    found = pod_figures.pod(sample, POLICY, now=6.0)[0]

    assert found is not None
    assert found.kv_tokens == tokens


def test_a_pod_that_never_answered_has_no_cache_either() -> None:
    assert pod_figures.sized(PodSample(), SPEC, "r2") == PodSample()


@pytest.mark.parametrize(
    ("seconds", "kept"), [(0.25, 3.0), (0.5, 6.0), (0.75, 7.0), (1.0, 8.0), (5.0, 8.0), (inf, 10.0)]
)
def test_durations_within_an_objective_are_read_between_two_bounds(seconds: float, kept: float) -> None:
    durations = load().time_to_first_token
    assert durations is not None

    assert pod_figures.count_within(durations, seconds) == kept


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3), st.floats(0, 9), st.floats(0, 9))
def test_a_looser_objective_is_never_kept_less_often(counts: list[int], one: float, other: float) -> None:
    bounds = tuple((bound, float(sum(counts[: place + 1]))) for place, bound in enumerate((0.5, 2.0, inf)))
    durations = DurationHistogram(count=bounds[-1][1], total=1.0, buckets=bounds)

    assert pod_figures.count_within(durations, min(one, other)) <= pod_figures.count_within(durations, max(one, other))


def test_without_an_objective_requests_within_it_are_not_counted() -> None:
    latency = pod_figures.figures(load(), 0.0, Objectives()).first_token

    assert latency == LatencyTotals(count=10.0, total=4.0, kept=None)


def test_figures_older_than_the_policy_allows_are_stale_and_still_returned() -> None:
    figures, problem = pod_figures.pod(PodSample(figures=load(), at=5.0, problem=None), POLICY, now=36.0)

    assert figures is not None
    assert problem is SampleProblem.STALE


def test_another_sample_problem_takes_precedence_over_staleness() -> None:
    assert (
        pod_figures.pod(PodSample(figures=load(), at=5.0, problem=SampleProblem.UNREADABLE), POLICY, now=99.0)[1]
        is SampleProblem.UNREADABLE
    )


def test_an_engine_with_work_whose_counters_stand_still_is_frozen() -> None:
    assert pod_figures.pod(still(views=3), POLICY, now=15.5)[1] is SampleProblem.FROZEN


def test_one_long_step_is_no_frost() -> None:
    assert pod_figures.pod(still(views=2, every=7.0), POLICY, now=14.5)[1] is None
    assert pod_figures.pod(still(views=9, every=1.0), POLICY, now=9.5)[1] is None


def test_an_idle_engine_may_stand_still_for_ever() -> None:
    sample = still(views=9, running=0.0, waiting=0.0)

    assert pod_figures.pod(sample, POLICY, now=46.0)[1] is None


def test_an_engine_that_says_it_is_idle_while_routers_have_requests_there_is_frozen_after_a_while() -> None:
    sample = still(views=9, running=0.0, waiting=0.0)

    assert pod_figures.pod(sample, POLICY, now=46.0, busy_since=40.0)[1] is None
    assert pod_figures.pod(sample, POLICY, now=46.0, busy_since=30.0)[1] is SampleProblem.FROZEN


def test_a_pod_is_busy_since_the_router_that_had_requests_there_first() -> None:
    first = router_reports.after(PodSample(), router_page(1, {"inflight": 1}), 4.0)
    both = [
        router_reports.after(first, router_page(2, {"inflight": 3}), 9.0),
        *routers(router_page(1, {"inflight": 2})),
    ]

    assert pod_figures.busy(both, "chat-1") == 4.0
    assert pod_figures.busy(both, "chat-2") is None


def test_a_pause_ends_being_busy() -> None:
    sample = router_reports.after(PodSample(), router_page(1, {"inflight": 1}), 4.0)
    sample = router_reports.after(sample, router_page(2, {"inflight": 0}), 5.0)
    sample = router_reports.after(sample, router_page(3, {"inflight": 1}), 6.0)

    assert pod_figures.busy([sample], "chat-1") == 6.0


def test_routers_say_when_an_engine_rests_whose_figures_move_at_ends() -> None:
    """TensorRT-LLM's last statistic counts the requests that ended with it, and no later one follows."""
    late = PodSample(figures=load(moves_at_ends=True), at=5.0, problem=None)
    plain = PodSample(figures=load(), at=5.0, problem=None)

    rests, works = (pod_figures.pod(late, POLICY, now=6.0, rests=rests)[0] for rests in (True, False))
    assert rests is not None
    assert works is not None
    assert (rests.running, rests.waiting, rests.kv_usage) == (0.0, 0.0, 0.25)
    assert (works.running, works.waiting) == (3.0, 1.0)
    assert pod_figures.pod(plain, POLICY, now=6.0, rests=True) == pod_figures.pod(plain, POLICY, now=6.0)


def test_a_pod_rests_when_every_router_is_known_and_none_has_a_request_there() -> None:
    quiet, other = router_page(1, {"inflight": 0}), router_page(1, {"pod": "chat-2"})

    assert pod_figures.at_rest(routers(quiet, quiet), "chat-1")
    assert pod_figures.at_rest(routers(quiet, other), "chat-1"), "a router that does not know it sends nothing there"
    assert not pod_figures.at_rest(routers(quiet, router_page(1, {"inflight": 1})), "chat-1")
    assert not pod_figures.at_rest(routers(other), "chat-1"), "nobody reports it"
    assert not pod_figures.at_rest([*routers(quiet), PodSample()], "chat-1"), "one router is silent"
    assert not pod_figures.at_rest([], "chat-1")


def test_a_pod_is_taken_out_when_all_routers_say_so() -> None:
    assert pod_figures.taken_out(routers(router_page(1, OUT), router_page(1, OUT)), "chat-1") == "no progress for 30 s"
    assert (
        pod_figures.taken_out(routers(router_page(1, OUT | {"reason": ""})), "chat-1")
        == "routers stopped sending to it"
    )


def test_a_pod_that_one_router_still_uses_is_not_taken_out() -> None:
    assert pod_figures.taken_out(routers(router_page(1, OUT), router_page(1, {})), "chat-1") == ""
    assert pod_figures.taken_out(routers(router_page(1)), "chat-1") == ""


def test_a_router_that_did_not_answer_counts_for_nothing() -> None:
    silent = replace(routers(router_page(1, OUT))[0], problem=SampleProblem.NO_ANSWER)

    assert pod_figures.taken_out([silent], "chat-1") == ""


def test_a_routers_figures_get_stale_too() -> None:
    sample = routers(router_page(100))[0]

    assert pod_figures.router(sample, POLICY, now=11.0) == (sample.figures and sample.figures.figures, None)
    assert pod_figures.router(sample, POLICY, now=99.0)[1] is SampleProblem.STALE
