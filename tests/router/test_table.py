"""The table of engines, the retry budget and the reading of bad answers: no sockets, every rule."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.endpoints import EndpointState
from fairlead.router.answers import Problem
from fairlead.router.asked import facts
from fairlead.router.endpoints import Endpoint, Table
from fairlead.router.retries import MOST_SAVED, RetryBudget
from fairlead.router.source import Seen
from fairlead.router.verdicts import Verdict, verdict

A: Final = Seen(pod="a", address="a:1")
B: Final = Seen(pod="b", address="b:1")


def table(*seen: Seen) -> tuple[Table, list[str]]:
    """A table of proved engines, and what it told since."""
    told: list[str] = []
    made = Table(lambda endpoint: told.append(f"{endpoint.pod} {endpoint.state} {endpoint.reason}".strip()))
    made.take(seen)
    for endpoint in made.endpoints:
        made.proved(endpoint)
    told.clear()
    return made, told


def test_a_new_engine_is_proved_before_it_is_picked() -> None:
    told: list[EndpointState] = []
    made = Table(lambda endpoint: told.append(endpoint.state))
    made.take((A,))
    assert made.pick() is None
    (engine,) = made.endpoints
    made.proved(engine)
    assert made.pick() is engine
    assert told == [EndpointState.PROBING, EndpointState.ROUTABLE]


def test_three_failures_in_a_row_take_an_engine_out_and_one_success_forgets_two() -> None:
    made, told = table(A)
    (engine,) = made.endpoints
    for _ in range(2):
        made.failed(engine, "status 500")
    made.served(engine)
    for _ in range(2):
        made.failed(engine, "status 500")
    assert made.pick() is engine
    made.failed(engine, "status 500")
    assert (made.pick(), told) == (None, ["a ejected status 500"])


def test_who_failed_a_request_is_asked_again_only_when_there_is_no_other() -> None:
    made, _ = table(A, B)
    a, b = made.endpoints
    assert [made.pick([a]), made.pick([a]), made.pick([b]), made.pick([a, b])] == [b, b, a, b]


def test_a_failure_of_an_engine_that_is_leaving_changes_nothing() -> None:
    made, told = table(A)
    (engine,) = made.endpoints
    with made.carrying(engine):
        made.take((Seen(pod="a", address="a:1", ending=True),))
        made.failed(engine, "cut", at_once=True)
        made.proved(engine)
        made.doubted(engine, "no token")
        assert engine.reason == "being deleted"
    made.take(())
    assert made.endpoints == ()
    assert told == ["a draining being deleted"]


def test_a_pod_with_a_new_address_is_another_engine() -> None:
    made, _ = table(A)
    made.take((Seen(pod="a", address="a:2"),))
    assert [(one.address, one.state) for one in made.endpoints] == [("a:2", EndpointState.PROBING)]


WORDS: Final = ("take a", "take b", "take ab", "end a", "unready b", "prove", "fail", "carry", "release")
LISTS: Final = {
    "take a": (A,),
    "take b": (B,),
    "take ab": (A, B),
    "end a": (Seen(pod="a", address="a:1", ending=True), B),
    "unready b": (A, Seen(pod="b", address="b:1", ready=False)),
}


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_whatever_happens_only_routable_engines_are_picked_and_every_count_ends_at_zero(words: list[str]) -> None:
    made, _ = table(A, B)
    carried = []
    for word in words:
        picked = made.pick()
        assert picked is None or picked.state is EndpointState.ROUTABLE
        if word in LISTS:
            made.take(LISTS[word])
        elif word == "prove":
            for endpoint in made.endpoints:
                made.proved(endpoint)
        elif word == "fail" and picked is not None:
            made.failed(picked, "no connection", at_once=True)
        elif word == "carry" and picked is not None:
            carried.append(made.carrying(picked))
            carried[-1].__enter__()
        elif word == "release" and carried:
            carried.pop().__exit__(None, None, None)
    while carried:
        carried.pop().__exit__(None, None, None)
    assert all(endpoint.inflight == 0 and endpoint.listed for endpoint in made.endpoints)


@given(st.lists(st.booleans(), max_size=300), st.floats(0, 1))
def test_retries_are_never_more_than_their_share_and_what_a_quiet_time_saved(tries: list[bool], share: float) -> None:
    budget = RetryBudget()
    for retried in tries:
        budget.asked(share)
        if retried:
            budget.maybe_spend(free=False)

    assert budget.retried <= MOST_SAVED + share * len(tries) + 1e-6


def test_sending_on_what_no_engine_took_costs_nothing() -> None:
    budget = RetryBudget()

    assert all(budget.maybe_spend(free=True) for _ in range(100))
    assert [budget.maybe_spend(free=False) for _ in range(11)] == [True] * 10 + [False]
    assert budget.retried == 110


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, b"", Verdict.PASS_ON),
        (429, b"cannot schedule new futures after shutdown", Verdict.PASS_ON),
        (500, b'{"message": "cannot schedule new futures after shutdown"}', Verdict.LEAVING),
        (500, b'{"message": "EngineCore encountered an issue."}', Verdict.DYING),
        (200, b'data: {"error": {"message": "EngineCore encountered an issue."}}', Verdict.DYING),
        (200, b'data: {"error": {"message": "out of tokens"}}', Verdict.PASS_ON),
        (200, b'data: {"choices": [{"text": "EngineCore encountered an issue"}]}', Verdict.PASS_ON),
        (503, b"The engine is currently busy", Verdict.BUSY),
        (500, b"Internal server error", Verdict.FAILED),
        (502, b"", Verdict.FAILED),
    ],
)
def test_a_bad_answer_says_who_is_to_blame(status: int, body: bytes, meaning: Verdict) -> None:
    assert verdict(status, body) is meaning


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"model": "chat", "stream": true}', ("chat", True)),
        (b'{"model": 7, "stream": "yes"}', (None, False)),
        (b'["model"]', (None, False)),
        (b"--boundary\xff", (None, False)),
    ],
)
def test_only_two_facts_of_a_body_are_read(body: bytes, said: tuple[str | None, bool]) -> None:
    assert facts(body) == said


def test_an_error_frame_ends_the_event_that_was_cut() -> None:
    problem = Problem(status=502, code="stream_cut", message="gone")

    assert problem.frame(b"}\n\n") == b"data: " + problem.body + b"\n\ndata: [DONE]\n\n"
    assert problem.frame(b'"tex') == b"\n\ndata: " + problem.body + b"\n\ndata: [DONE]\n\n"


def test_an_endpoint_is_told_as_the_controller_reads_it() -> None:
    endpoint = Endpoint("a", "a:1", EndpointState.EJECTED, "no connection", inflight=2)

    assert endpoint.told == {
        "pod": "a",
        "address": "a:1",
        "state": "ejected",
        "inflight": 2,
        "reason": "no connection",
    }
