"""What is kept of an engine from scrape to scrape: when its figures are accepted, and what happens when not."""

from dataclasses import replace

import pytest

from fairlead.autoscaler.samples import validation
from fairlead.autoscaler.samples.sample import PodSample
from fairlead.engines.vllm import metrics
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad, UnreadableScrape, UnreadableScrapeReason
from fairlead.scaling.facts import SampleProblem
from tests.autoscaler.pages import load

MORE = {"generation_tokens": 600.0, "steps": 100.0}


def sampled(*loads: EngineLoad | UnreadableScrape) -> PodSample[EngineLoad]:
    """After scrapes that were one second apart."""
    sample: PodSample[EngineLoad] = PodSample()
    for at, one in enumerate(loads):
        sample = validation.after(sample, one, float(at))
    return sample


def test_no_figures_are_accepted_before_the_first_scrape() -> None:
    sample: PodSample[EngineLoad] = PodSample()

    assert (sample.figures, sample.at, sample.problem) == (None, None, SampleProblem.NO_ANSWER)


def test_figures_that_move_are_accepted() -> None:
    assert sampled(load(), load(**MORE)) == PodSample(figures=load(**MORE), at=1.0, problem=None, because="")


def test_a_page_that_lies_leaves_the_last_figures_and_says_why() -> None:
    lie = UnreadableScrape(reason=UnreadableScrapeReason.NOT_A_NUMBER, line="vllm:num_requests_running NaN")

    assert sampled(load(), lie) == PodSample(
        figures=load(),
        at=0.0,
        problem=SampleProblem.UNREADABLE,
        because="its metrics are rejected: NotANumber in 'vllm:num_requests_running NaN'",
    )


def test_another_programs_page_has_no_line_to_show() -> None:
    sample = sampled(UnreadableScrape(reason=UnreadableScrapeReason.NO_METRICS, line=""))

    assert (sample.figures, sample.because) == (None, "its metrics are rejected: NoMetrics")


@pytest.mark.parametrize(
    ("counter", "lower"),
    [
        ("generation_tokens", {"generation_tokens": 10.0}),
        ("loaded", {"loaded": 0.0}),
        ("time_to_first_token", {"time_to_first_token": DurationHistogram(count=1.0, total=0.1, buckets=())}),
    ],
)
def test_an_engine_that_began_anew_is_the_base_of_what_comes_next(counter: str, lower: dict[str, object]) -> None:
    sample = sampled(load(loaded=4000.0), load(**lower))

    assert (sample.figures, sample.at, sample.problem) == (load(**lower), 1.0, SampleProblem.RESET)
    assert sample.because == f"its counter {counter} went backwards: the engine restarted"


def test_a_restart_is_a_sample_problem_for_one_scrape_only() -> None:
    assert sampled(load(), load(generation_tokens=10.0), load(generation_tokens=30.0)).problem is None


@pytest.mark.parametrize(
    ("lie", "because"),
    [
        ({"prefix_hits": 1001.0}, "prefix_hits 1001 are more than prefix_queries 1000"),
        ({"accepted_tokens": 5.0, "draft_tokens": 3.0}, "accepted_tokens 5 are more than draft_tokens 3"),
    ],
)
def test_figures_that_cannot_all_be_true_are_not_taken(lie: dict[str, float], because: str) -> None:
    sample = sampled(load(), load(**lie))

    assert (sample.figures, sample.problem, sample.because) == (load(), SampleProblem.CONTRADICTORY, because)


def test_tokens_loaded_while_the_prefix_cache_is_off_contradict_nothing() -> None:
    """vLLM then looks nothing up in its own cache, and counts what a connector loads all the same."""
    page = "".join(
        f'vllm:{family}{{engine="0",model_name="chat"}} {tokens}\n'
        for family, tokens in (
            ("prefix_cache_queries_total", 0.0),
            ("prefix_cache_hits_total", 0.0),
            ("external_prefix_cache_hits_total", 4000.0),
        )
    )
    found = metrics.load(page)

    assert isinstance(found, EngineLoad)
    assert validation.contradiction(found) is None
    assert sampled(found).problem is None


def test_unchanged_counters_are_timed_from_the_scrape_at_which_they_last_moved() -> None:
    sample = sampled(load(), load(**MORE), load(**MORE), load(**MORE))

    assert (sample.at, sample.unmoved_since, sample.unmoved_scrapes) == (3.0, 1.0, 2)


def test_the_same_sample_received_again_does_not_count_as_another_scrape() -> None:
    sample = validation.after(validation.after(sampled(load()), load(), 0.0), load(), 0.0)

    assert (sample.unmoved_since, sample.unmoved_scrapes) == (0.0, 0)


def test_counters_that_move_again_are_no_longer_timed() -> None:
    sample = sampled(load(), load(), load(), load(**MORE))

    assert (sample.unmoved_since, sample.unmoved_scrapes) == (None, 0)


def test_counters_that_move_when_requests_end_may_stand_still_while_answers_are_written() -> None:
    late = replace(load(**MORE), moves_at_ends=True)

    sample = sampled(replace(load(), moves_at_ends=True), late, late, late)

    assert (sample.at, sample.unmoved_since, sample.unmoved_scrapes) == (3.0, None, 0)


def test_no_answer_leaves_the_last_figures() -> None:
    sample = validation.with_doubt(sampled(load()), SampleProblem.NO_ANSWER, "no connection")

    assert (sample.figures, sample.at, sample.problem, sample.because) == (
        load(),
        0.0,
        SampleProblem.NO_ANSWER,
        "no connection",
    )
