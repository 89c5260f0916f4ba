"""What is read of a router's page, and which pages are not believed."""

import json

import pytest

from fairlead.autoscaler.samples import router_reports
from fairlead.autoscaler.samples.sample import EndpointView, PodSample, RouterView
from fairlead.fleet.endpoints import EndpointState
from fairlead.scaling.facts import RouterFigures, SampleProblem
from tests.autoscaler.pages import router_page


def known(*pages: bytes) -> PodSample[RouterView]:
    told: PodSample[RouterView] = PodSample()
    for at, page in enumerate(pages):
        told = router_reports.after(told, page, float(at))
    return told


def test_who_waits_is_told_by_whether_they_are_in_a_hurry() -> None:
    told = known(router_page(100))

    assert told.doubt is None
    assert told.figures is not None
    assert told.figures.figures == RouterFigures(
        at=0.0,
        asked=100,
        prompt_tokens=30_000,
        waiting=4.0,
        batch_waiting=40.0,
        held=2.0,
        oldest_seconds=2.5,
    )


def test_each_engine_is_told_by_its_pod() -> None:
    told = known(router_page(1, {"inflight": 2}, {"pod": "chat-2", "state": "napping", "inflight": 0, "reason": "x"}))

    assert told.figures is not None
    assert told.figures.endpoints == {
        "chat-1": EndpointView(state=EndpointState.ROUTABLE, reason="", busy_since=0.0),
        "chat-2": EndpointView(state=EndpointState.UNKNOWN, reason="x", busy_since=None),
    }


def test_lanes_of_another_name_and_lanes_that_are_missing_do_no_harm() -> None:
    told = known(router_page(1, queue={"held": 0, "lanes": {"later": {"waiting": 7, "oldestSeconds": 1}}}))

    assert told.figures is not None
    assert (told.figures.figures.waiting, told.figures.figures.batch_waiting) == (0, 0.0)


@pytest.mark.parametrize(
    ("page", "because"),
    [
        (b"<html>", "its page cannot be read"),
        (b"[" * 100_000, "its page cannot be read"),
        (b"{}", "its page cannot be read"),
        (router_page(-1), "its page is rejected: demand.asked is negative"),
        (router_page(1, queue={"lanes": {"long": {"waiting": -1}}}), "queue.lanes.long.waiting is negative"),
        (router_page(1).replace(b"100", b"NaN").replace(b"300", b"NaN"), "its page cannot be read"),
    ],
)
def test_a_page_that_is_none_leaves_what_was_known(page: bytes, because: str) -> None:
    told = known(router_page(5), page)

    assert told.doubt is SampleProblem.UNREADABLE
    assert because in told.because
    assert told.figures is not None
    assert told.figures.figures.asked == 5


def test_a_router_of_an_older_release_does_not_tell_what_came() -> None:
    page = json.loads(router_page(1))
    del page["demand"]

    told = known(json.dumps(page).encode())
    assert (told.figures, told.doubt) == (None, SampleProblem.UNREADABLE)
    assert told.because == "it is of an older release and does not count requests"


def test_a_router_that_began_anew_is_the_base_of_what_comes_next() -> None:
    told = known(router_page(100), router_page(3))

    assert told.doubt is SampleProblem.RESET
    assert told.figures is not None
    assert told.figures.figures.asked == 3
    assert router_reports.after(told, router_page(4), 2.0).doubt is None
