"""Which adapters an engine is known to have, and how many of them can be active there at once."""

from dataclasses import replace

from fairlead.routing import explanations
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.selection import NoCandidate
from tests.routing.engines import request_of, sent
from tests.routing.test_endpoint_table import A, proved_table


def test_adapters_are_those_of_its_pod_and_those_that_its_engine_lists_until_it_is_started_anew() -> None:
    pinned = replace(A, adapters=frozenset({"legal"}))
    made, lines = proved_table(pinned)
    (engine,) = made.endpoints
    made.loaded(engine, frozenset({"chat", "sql@1"}))
    assert (engine.adapters, lines) == (frozenset({"legal", "chat", "sql@1"}), ["a routable"])
    made.loaded(engine, frozenset({"chat", "sql@1"}))
    made.apply_discovered((pinned,))
    assert (engine.adapters, lines) == (frozenset({"legal", "chat", "sql@1"}), ["a routable"]), (
        "nothing new, nobody is told"
    )
    made.apply_discovered((replace(pinned, ready=False),))
    made.apply_discovered((pinned,))
    assert engine.adapters == {"legal"}, "an engine that was not ready has lost what it had loaded"


def test_where_adapters_come_and_go_a_request_waits_until_an_engine_has_listed_its_own() -> None:
    made, lines = proved_table(A)
    (engine,) = made.endpoints
    wanted = replace(request_of(), adapter="sql@1")
    assert made.choose(wanted, 0.0) is NoCandidate.NO_ADAPTER
    made.follow_adapters(follow=True)
    made.follow_adapters(follow=True)
    assert made.choose(wanted, 0.0) is NoCandidate.FULL, "which waits"
    made.loaded(engine, frozenset())
    assert lines == ["a routable"], "so that who waits is looked at again"
    assert made.choose(wanted, 0.0) is NoCandidate.NO_ADAPTER
    made.apply_discovered((replace(A, ready=False),))
    made.apply_discovered((A,))
    assert engine.adapters_unknown
    made.follow_adapters(follow=False)
    made.apply_discovered((replace(A, ready=False),))
    made.apply_discovered((A,))
    assert not engine.adapters_unknown


def test_adapters_beyond_the_slots_wait_until_the_last_request_of_another_one_ends() -> None:
    made, _ = proved_table(A)
    (engine,) = made.endpoints
    made.loaded(engine, frozenset({"a", "b", "c"}))
    made.follow_adapters(follow=True, slots=2)
    first, again, second = (replace(request_of(), adapter=name) for name in ("a", "a", "b"))
    for one in (first, second, again):
        sent(made, one)
    third = replace(request_of(), adapter="c")
    assert made.choose(third, 0.0) is NoCandidate.FULL
    assert not isinstance(made.choose(replace(request_of(), adapter="b"), 0.0), NoCandidate), "it has its slot"
    assert not isinstance(made.choose(request_of(), 0.0), NoCandidate), "the base model needs none"
    made.give_back(first, AttemptEnding.DONE, 1.0)
    assert made.choose(third, 0.0) is NoCandidate.FULL
    made.give_back(again, AttemptEnding.DONE, 1.0)
    assert sent(made, third) is engine
    assert engine.slots.active == {"b": 1, "c": 1}


def test_a_router_that_is_alone_claims_a_slot_and_none_where_only_the_engine_is_full() -> None:
    made, _ = proved_table(A)
    (engine,) = made.endpoints
    made.loaded(engine, frozenset({"a", "b"}))
    made.follow_adapters(follow=True, slots=1)
    waiting = replace(request_of(), adapter="b")
    made.wait_for_slot(waiting, 0.0)
    assert not engine.slots.waiting, "its slot is free: it waits for room"
    first = replace(request_of(), adapter="a")
    sent(made, first)
    made.wait_for_slot(waiting, 5.0)
    assert (list(engine.slots.waiting), made.claims.waiting) == (["b"], 1)
    assert made.choose(replace(request_of(), adapter="a"), 5.0) is NoCandidate.FULL, "it cedes its slot"
    (row,) = explanations.candidates(made, replace(request_of(), adapter="a"))
    assert row.dropped == "its slot goes to a waiting adapter"
    (row,) = explanations.candidates(made, waiting)
    assert row.dropped == "its slots are taken by other adapters"
    made.give_back(first, AttemptEnding.DONE, 6.0)
    (row,) = explanations.candidates(made, waiting)
    assert row.dropped == ""
    assert sent(made, waiting) is engine
    assert not engine.slots.waiting
