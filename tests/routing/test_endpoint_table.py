"""The table of engines: their states, who is notified, and that every load is returned."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointState
from fairlead.routing.endpoint import EndpointSample
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import NoCandidate
from tests.routing.engines import request_of, seen, sent, table

A: Final = DiscoveredEndpoint(pod="a", address="a:1")
B: Final = DiscoveredEndpoint(pod="b", address="b:1")


def proved_table(*who: DiscoveredEndpoint) -> tuple[EndpointTable, list[str]]:
    """A table of proved engines, and its notifications since."""
    lines: list[str] = []
    made = EndpointTable(lambda endpoint: lines.append(f"{endpoint.pod} {endpoint.state} {endpoint.reason}".strip()))
    made.apply_discovered(who)
    for endpoint in made.endpoints:
        made.probe_succeeded(endpoint)
    lines.clear()
    return made, lines


def test_a_new_engine_is_proved_before_it_is_chosen() -> None:
    states: list[EndpointState] = []
    made = EndpointTable(lambda endpoint: states.append(endpoint.state))
    assert not made.complete
    made.apply_discovered((A,))
    assert (made.complete, made.choose(request_of(), 0.0)) == (True, NoCandidate.NONE_ROUTABLE)
    (engine,) = made.endpoints
    made.probe_failed(engine, "no token")
    assert engine.reason == "no token"
    made.probe_succeeded(engine)
    assert sent(made, request_of()) is engine
    assert (states, engine.reason) == ([EndpointState.PROBING, EndpointState.ROUTABLE], "")


def test_a_hedge_that_wins_leaves_its_endpoint_to_the_request_and_returns_the_first_one() -> None:
    made, _ = proved_table(A, B)
    first = request_of()
    slow = sent(made, first)
    second = replace(first, tried=[slow], endpoint=None, charged_prompt=0, charged_reply=0)
    fast = sent(made, second)
    first.swap_endpoints(second)
    assert (first.endpoint, second.endpoint) == (fast, slow)
    made.give_back(second, AttemptEnding.OUTRUN, 1.0)
    assert (slow.inflight, slow.prompt_load, slow.reply_load, fast.inflight) == (0, 0, 0, 1)
    made.give_back(first, AttemptEnding.DONE, 2.0)
    assert (fast.inflight, fast.prompt_load, fast.reply_load) == (0, 0, 0)


def test_a_prompt_that_was_counted_is_no_estimate_any_more() -> None:
    one = request_of()
    one.count_prompt(1111)
    assert (one.prompt_tokens, one.counted) == (1111, True)


def test_a_sleeper_gets_no_request_and_is_proved_again_when_it_wakes() -> None:
    """In-flight requests there may finish; a new one would hang until it is woken."""
    made, lines = proved_table(A)
    (engine,) = made.endpoints
    in_flight = request_of()
    sent(made, in_flight)
    made.apply_discovered((replace(A, asleep=True),))
    assert (made.choose(request_of(), 0.0), engine.inflight) == (NoCandidate.NONE_ROUTABLE, 1)
    made.give_back(in_flight, AttemptEnding.DONE, 1.0)
    made.apply_discovered((A,))
    made.probe_succeeded(engine)
    assert lines == ["a notReady asleep", "a probing not proved yet", "a routable"]


def test_three_failures_in_a_row_take_an_engine_out_and_one_success_forgets_two() -> None:
    made, lines = proved_table(A)
    (engine,) = made.endpoints
    for _ in range(2):
        made.failed(engine, "status 500")
    made.served(engine)
    for _ in range(2):
        made.failed(engine, "status 500")
    assert engine.state is EndpointState.ROUTABLE
    made.failed(engine, "status 500")
    made.failed(engine, "status 502")
    assert (made.choose(request_of(), 0.0), lines) == (NoCandidate.NONE_ROUTABLE, ["a ejected status 500"])


def test_an_engine_that_fails_every_other_request_is_taken_out_although_never_twice_in_a_row() -> None:
    made, lines = proved_table(A)
    (engine,) = made.endpoints
    for _ in range(200):
        made.failed(engine, "status 500")
        made.failed(engine, "status 500")
        made.served(engine)
    assert lines == ["a ejected status 500"]


def test_a_failure_long_ago_is_forgotten() -> None:
    made, _ = proved_table(A)
    (engine,) = made.endpoints
    made.failed(engine, "status 500")
    for _ in range(40):
        made.served(engine)
    assert (engine.failing, engine.failures) == (0.0, 0)


def test_an_endpoint_that_failed_a_request_gets_it_again_only_when_there_is_no_other() -> None:
    made, _ = proved_table(A, B)
    a, b = made.endpoints
    assert [sent(made, request_of(tried=one)) for one in ((a,), (a,), (b,), (b, a))] == [b, b, a, a]


def test_an_endpoint_that_failed_a_request_does_not_get_it_again_while_another_one_is_only_full() -> None:
    """An engine that was killed has no request any more, and connections in the pool that do not know it yet."""
    made, _ = proved_table(A, B)
    a, b = made.endpoints
    b.max_sequences = 1
    sent(made, request_of(tried=(a,)))
    assert made.choose(request_of(tried=(a,)), 0.0) is NoCandidate.FULL
    assert sent(made, request_of(tried=(b, a))) is a, "where all failed it, whoever has room"
    a.max_sequences = 1
    assert made.choose(request_of(tried=(b, a)), 0.0) is NoCandidate.FULL


def test_a_failure_of_an_engine_that_is_leaving_changes_nothing() -> None:
    made, lines = proved_table(A)
    (engine,) = made.endpoints
    request = request_of()
    sent(made, request)
    made.apply_discovered((DiscoveredEndpoint(pod="a", address="a:1", ending=True),))
    made.failed(engine, "cut", at_once=True)
    made.probe_succeeded(engine)
    made.probe_failed(engine, "no token")
    assert engine.reason == "being deleted"
    made.apply_discovered(())
    assert made.holds(engine)
    made.give_back(request, AttemptEnding.DONE, 1.0)
    assert (made.endpoints, made.holds(engine)) == ((), False)
    assert lines == ["a draining being deleted"]


def test_an_engine_hangs_from_its_ejection_until_it_answers_or_fails_in_another_way() -> None:
    made, _ = proved_table(A)
    (engine,) = made.endpoints
    steps: tuple[tuple[Callable[[], None], float | None], ...] = (
        (lambda: made.hung(engine, "no progress", 5.0), 5.0),
        (lambda: made.hung(engine, "no progress", 6.0), 5.0),
        (lambda: made.probe_failed(engine, "no token within 60 s", 7.0), 5.0),
        (lambda: made.probe_failed(engine, "status 500"), None),
        (lambda: made.probe_failed(engine, "no token within 60 s", 80.0), 80.0),
        (lambda: made.probe_succeeded(engine), None),
    )
    for step, since in steps:
        step()
        assert engine.hung_since == since


def test_an_engine_that_is_ending_does_not_hang() -> None:
    made, _ = proved_table(A)
    (engine,) = made.endpoints
    made.hung(engine, "no progress", 5.0)
    made.apply_discovered((DiscoveredEndpoint(pod="a", address="a:1", ending=True),))
    made.hung(engine, "no progress", 6.0)
    assert engine.hung_since is None


def test_a_pod_with_a_new_address_is_another_engine_and_takes_over_the_place_in_the_index() -> None:
    made, _ = proved_table(A)
    made.apply_discovered((DiscoveredEndpoint(pod="a", address="a:2"),))
    assert [(one.address, one.state, one.slot) for one in made.endpoints] == [("a:2", EndpointState.PROBING, 0)]


def test_an_engine_that_was_not_ready_comes_back_with_an_empty_cache_and_is_proved_anew() -> None:
    made, lines = proved_table(A)
    (engine,) = made.endpoints
    sent(made, request_of(1, 2))
    made.failed(engine, "status 500")
    made.apply_discovered((DiscoveredEndpoint(pod="a", address="a:1", ready=False),))
    assert made.index.held(engine.slot) == 2
    made.apply_discovered((DiscoveredEndpoint(pod="a", address="a:1", revision="two", adapters=frozenset({"fr"})),))
    assert (made.index.held(engine.slot), engine.failures) == (0, 0)
    assert (engine.revision, engine.adapters) == ("two", frozenset({"fr"}))
    assert lines == ["a notReady not ready by its own probe", "a probing not proved yet"]


def test_a_request_is_charged_when_sent_lighter_when_read_and_nothing_when_over() -> None:
    made = table("a")
    (engine,) = made.endpoints
    request = request_of(tokens=300)
    sent(made, request, 1.0)
    assert (engine.inflight, engine.prompt_load, engine.reply_load, engine.load) == (1, 300, 100, 400)
    assert (request.endpoint, request.sent_at, engine.progress_at) == (engine, 1.0, 1.0)
    made.first_token(request, 2.0)
    made.first_token(request, 3.0)
    assert (engine.prompt_load, engine.reply_load, engine.progress_at) == (0, 100, 3.0)
    made.give_back(request, AttemptEnding.DONE, 4.0)
    assert (engine.inflight, engine.load, request.endpoint) == (0, 0, None)


def test_what_is_held_is_not_charged_and_something_always_is() -> None:
    made = table("a")
    (engine,) = made.endpoints
    sent(made, request_of(1, 2, 3))
    before = engine.prompt_load
    sent(made, request_of(1, 2, 3, tokens=200))
    assert engine.prompt_load - before == 1


def test_giving_back_twice_is_a_bug_and_says_so() -> None:
    made = table("a")
    request = request_of()
    sent(made, request)
    made.give_back(request, AttemptEnding.CUT, 0.0)
    with pytest.raises(AssertionError, match="given back twice, or never charged: done"):
        made.give_back(request, AttemptEnding.DONE, 0.0)
    with pytest.raises(AssertionError, match="in flight nowhere"):
        made.first_token(request, 0.0)


def test_a_known_cache_size_bounds_what_the_engine_is_thought_to_hold() -> None:
    made = table("a")
    (engine,) = made.endpoints
    sent(made, request_of(1, 2, 3, 4))
    made.sized(engine, 256, 7)
    assert (made.index.held(engine.slot), engine.kv_tokens, engine.max_sequences) == (2, 256, 7)
    made.sized(engine, None, 7)
    assert engine.kv_tokens is None


def test_figures_bring_the_length_of_blocks_up_to_date() -> None:
    made = table("a")
    for _ in range(20):
        made.expectations.measured("shop", 100_000, 50_000)
    made.apply_sample(made.endpoints[0], EndpointSample(at=1.0, running=0, waiting=0, kv_usage=0.0))
    assert made.context.block_tokens == pytest.approx(256, rel=0.01)


WORDS: Final = ("take a", "take b", "take ab", "end a", "unready b", "prove", "fail", "send", "read", "release")
LISTS: Final = {
    "take a": (A,),
    "take b": (B,),
    "take ab": (A, B),
    "end a": (DiscoveredEndpoint(pod="a", address="a:1", ending=True), B),
    "unready b": (A, DiscoveredEndpoint(pod="b", address="b:1", ready=False)),
}


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 5)), max_size=40))
def test_whatever_happens_only_routable_engines_are_chosen_and_every_count_ends_at_zero(
    words: list[tuple[str, int]],
) -> None:
    made, _ = proved_table(A, B)
    in_flight: list[RoutingRequest] = []
    for word, number in words:
        if word in LISTS:
            made.apply_discovered(LISTS[word])
        elif word == "prove":
            for endpoint in made.endpoints:
                made.probe_succeeded(endpoint)
        elif word == "fail" and made.context.routable:
            made.failed(made.context.routable[0], "no connection", at_once=True)
        elif word == "send" and made.context.routable:
            request = request_of(*range(number))
            assert sent(made, request).state is EndpointState.ROUTABLE
            in_flight.append(request)
        elif word == "read" and in_flight:
            made.first_token(in_flight[0], 1.0)
        elif word == "release" and in_flight:
            made.give_back(in_flight.pop(number % len(in_flight)), AttemptEnding.DONE, 2.0)
    for request in in_flight:
        made.give_back(request, AttemptEnding.CLIENT_LEFT, 3.0)
    assert all((one.inflight, one.load, one.discovered) == (0, 0, True) for one in made.endpoints)
    made.apply_discovered(())
    assert (made.endpoints, len(made.index)) == ((), 0)


def test_endpoints_are_distinguished_by_pod() -> None:
    made = table("a", "b")
    assert [one.pod for one in made.endpoints] == ["a", "b"]
    assert [one.slot for one in made.endpoints] == [0, 1]
    made.apply_discovered(seen("b"))
    made.apply_discovered(seen("b", "c"))
    assert [(one.pod, one.slot) for one in made.endpoints] == [("b", 1), ("c", 0)]
