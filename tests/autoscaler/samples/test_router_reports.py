"""What is read from a router's page, and which pages are refused."""

import pytest

from fairlead.autoscaler.samples import router_reports
from fairlead.autoscaler.samples.sample import EndpointView, PodSample, RouterView
from fairlead.fleet.endpoints import EndpointState
from fairlead.scaling.facts import RouterFigures, SampleProblem
from tests.autoscaler.pages import router_page


def sampled(*pages: bytes) -> PodSample[RouterView]:
    sample: PodSample[RouterView] = PodSample()
    for at, page in enumerate(pages):
        sample = router_reports.after(sample, page, float(at))
    return sample


def test_waiting_interactive_and_batch_requests_are_counted_separately() -> None:
    sample = sampled(router_page(100))

    assert sample.problem is None
    assert sample.figures is not None
    assert sample.figures.figures == RouterFigures(
        at=0.0,
        arrivals=100,
        prompt_tokens=30_000,
        batch_arrivals=50,
        waiting=4.0,
        batch_waiting=40.0,
        held=2.0,
        oldest_seconds=2.5,
    )


def test_a_router_of_an_older_release_does_not_count_batch_work_apart() -> None:
    sample = sampled(router_page(demand={"asked": 7, "promptTokens": 90}))

    assert sample.figures is not None
    assert (sample.figures.figures.arrivals, sample.figures.figures.batch_arrivals) == (7, 0)


def test_arrivals_have_their_name_and_that_of_the_release_before_which_a_later_one_may_leave_out() -> None:
    later = sampled(router_page(demand={"arrivals": 7, "promptTokens": 90, "batchArrivals": 2}))
    both = sampled(router_page(demand={"arrivals": 7, "asked": 5, "promptTokens": 90, "batchArrivals": 2}))

    assert later.figures is not None
    assert later.figures.figures.arrivals == 7
    assert both == later


def test_each_endpoint_is_reported_under_the_name_of_its_pod() -> None:
    sample = sampled(
        router_page(1, {"inflight": 2}, {"pod": "chat-2", "state": "napping", "inflight": 0, "reason": "x"})
    )

    assert sample.figures is not None
    assert sample.figures.endpoints == {
        "chat-1": EndpointView(state=EndpointState.ROUTABLE, reason="", busy_since=0.0),
        "chat-2": EndpointView(state=EndpointState.UNKNOWN, reason="x", busy_since=None),
    }


def test_lanes_of_another_name_and_lanes_that_are_missing_do_no_harm() -> None:
    sample = sampled(router_page(1, queue={"held": 0, "lanes": {"later": {"waiting": 7, "oldestSeconds": 1}}}))

    assert sample.figures is not None
    assert (sample.figures.figures.waiting, sample.figures.figures.batch_waiting) == (0, 0.0)


@pytest.mark.parametrize("waiting", [0, 3])
def test_requests_that_went_to_a_fallback_start_the_first_replica_like_a_held_one(waiting: int) -> None:
    sample = sampled(router_page(1, queue={"held": waiting, "passedOver": True, "lanes": {}}))

    assert sample.figures is not None
    assert sample.figures.figures.held == max(waiting, 1)


@pytest.mark.parametrize(
    ("page", "because"),
    [
        (b"<html>", "its page cannot be read"),
        (b"[" * 100_000, "its page cannot be read"),
        (b"{}", "its page cannot be read"),
        (router_page(-1), "its page is rejected: demand.arrivals is negative"),
        (
            router_page(demand={"arrivals": 1, "promptTokens": 1, "batchArrivals": -1}),
            "its page is rejected: demand.batchArrivals is negative",
        ),
        (router_page(1, queue={"lanes": {"long": {"waiting": -1}}}), "queue.lanes.long.waiting is negative"),
        (router_page(1).replace(b"100", b"NaN").replace(b"300", b"NaN"), "its page cannot be read"),
    ],
)
def test_a_page_that_is_none_leaves_what_was_known(page: bytes, because: str) -> None:
    sample = sampled(router_page(5), page)

    assert sample.problem is SampleProblem.UNREADABLE
    assert because in sample.because
    assert sample.figures is not None
    assert sample.figures.figures.arrivals == 5


@pytest.mark.parametrize("demand", [None, {"promptTokens": 90}])
def test_a_page_of_an_older_router_release_is_refused_since_it_does_not_count_requests(
    demand: dict[str, float] | None,
) -> None:
    sample = sampled(router_page(demand=demand))
    assert (sample.figures, sample.problem) == (None, SampleProblem.UNREADABLE)
    assert sample.because == "it is from an older release and does not count requests"


def test_a_router_that_began_anew_is_the_base_of_what_comes_next() -> None:
    sample = sampled(router_page(100), router_page(3))

    assert sample.problem is SampleProblem.RESET
    assert sample.figures is not None
    assert sample.figures.figures.arrivals == 3
    assert router_reports.after(sample, router_page(4), 2.0).problem is None
