"""Which engine is chosen, and that the reason can be shown."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointState
from fairlead.fleet.gateways import Balancing
from fairlead.routing import explanations, selection
from fairlead.routing.adapter_slots import AdapterSlots
from fairlead.routing.endpoint import EndpointSample
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.reasons import AttemptEnding, PickReason
from fairlead.routing.selection import EndpointChoice, NoCandidate
from tests.routing.engines import request_of, sent, table

CHAT = tuple(range(1, 101))


def chosen(made: EndpointTable, *blocks: int, tokens: int | None = None) -> tuple[str, PickReason, int]:
    """Pod, the deciding reason, blocks held there."""
    choice = made.choose(request_of(*blocks, tokens=tokens), 0.0)
    assert isinstance(choice, EndpointChoice)
    return choice.endpoint.pod, choice.reason, choice.held_blocks


def test_without_a_prefix_the_least_loaded_takes_it_and_equals_take_turns() -> None:
    made = table("a", "b", "c")
    assert [sent(made, request_of(tokens=100)).pod for _ in range(4)] == ["a", "b", "c", "a"]
    assert sent(made, request_of(tokens=100)).pod == "b"


def test_others_work_counts_as_much_as_our_own() -> None:
    made = table("a", "b")
    made.apply_sample(made.endpoints[0], EndpointSample(at=1.0, running=2, waiting=1, kv_usage=0.1))
    assert made.endpoints[0].others_load == 1024 + 3 * 256
    assert sent(made, request_of()).pod == "b"


def test_one_engine_needs_no_choice_and_says_what_it_holds() -> None:
    made = table("a")
    assert chosen(made) == ("a", PickReason.ONLY_ONE, 0)
    sent(made, request_of(1, 2))
    assert chosen(made, 1, 2, 3) == ("a", PickReason.ONLY_ONE, 2)
    assert chosen(made, 7) == ("a", PickReason.ONLY_ONE, 0)


def test_who_holds_the_beginning_takes_what_goes_on_from_it_although_others_have_less_to_do() -> None:
    made = table("a", "b")
    first = sent(made, request_of(*CHAT))
    assert chosen(made, *CHAT, 101) == (first.pod, PickReason.PREFIX, 100)


def test_a_prompt_that_no_engine_has_seen_is_placed_by_load_where_there_is_one_router() -> None:
    made = table("a", "b")
    sent(made, request_of(*CHAT))
    assert chosen(made, 500, 501) == ("b", PickReason.LEAST_LOADED, 0)


def test_a_deployment_may_do_without_prefixes() -> None:
    made = table("a", "b", balancing=Balancing(prefix=False))
    sent(made, request_of(*CHAT))
    assert chosen(made, *CHAT) == ("b", PickReason.LEAST_LOADED, 0)
    assert len(made.index) == 0


def test_a_holder_that_is_far_too_busy_is_passed_over_for_who_holds_less_or_nothing() -> None:
    made = table("a", "b", "c")
    a, b, _ = made.endpoints
    sent(made, request_of(*CHAT))
    made.index.learn(CHAT[:40], b.slot)
    a.prompt_load += 60_000
    assert chosen(made, *CHAT) == ("b", PickReason.SHORTER_PREFIX, 40)
    b.prompt_load += 60_000
    assert chosen(made, *CHAT) == ("c", PickReason.LEAST_LOADED, 0)


def test_over_the_load_bound_a_cached_token_counts_once_only() -> None:
    relaxed, strict = (table("a", "b", balancing=Balancing(load_bound=bound)) for bound in (4.0, 1.0))
    for made in (relaxed, strict):
        made.index.learn(CHAT, 0)
        made.endpoints[0].prompt_load = 48_000
    assert chosen(relaxed, *CHAT)[0] == "a"
    assert chosen(strict, *CHAT)[0] == "b"


def test_a_cache_without_room_is_a_reason_against_an_engine() -> None:
    made = table("a", "b")
    a, b = made.endpoints
    made.sized(a, 100_000, 8)
    made.apply_sample(a, EndpointSample(at=1.0, running=0, waiting=0, kv_usage=0.99))
    made.index.learn((1,), a.slot)
    b.prompt_load = 4000
    assert chosen(made, *CHAT)[0] == "b"
    made.apply_sample(a, EndpointSample(at=2.0, running=0, waiting=0, kv_usage=0.0))
    assert chosen(made, *CHAT)[0] == "a"


def test_no_engine_is_named_when_none_is_routable_none_has_the_adapter_or_none_has_room() -> None:
    made = table()
    assert made.choose(request_of(), 0.0) is NoCandidate.NONE_ROUTABLE
    made = table("a", "b")
    assert made.choose(request_of(adapter="fr"), 0.0) is NoCandidate.NO_ADAPTER
    made.apply_discovered(
        [
            DiscoveredEndpoint(pod="a", address="a:1", adapters=frozenset({"fr"})),
            DiscoveredEndpoint(pod="b", address="b:1"),
        ]
    )
    assert sent(made, request_of(adapter="fr")).pod == "a"
    for one in made.endpoints:
        one.max_sequences = 1
    assert made.choose(request_of(adapter="fr"), 0.0) is NoCandidate.FULL
    assert sent(made, request_of()).pod == "b"
    assert made.choose(request_of(), 0.0) is NoCandidate.FULL
    made.context.short_queues = False
    assert isinstance(made.choose(request_of(), 0.0), EndpointChoice)


def test_an_engines_own_queue_is_kept_short_between_two_scrapes() -> None:
    made = table("a")
    (engine,) = made.endpoints
    made.apply_sample(engine, EndpointSample(at=1.0, running=8, waiting=6, kv_usage=0.9))
    requests = [request_of() for _ in range(3)]
    for request in requests[:2]:
        assert selection.has_room(engine)
        sent(made, request)
    assert not selection.has_room(engine)
    assert made.choose(requests[2], 0.0) is NoCandidate.FULL
    made.give_back(requests[0], AttemptEnding.DONE, 1.0)
    assert sent(made, requests[2]) is engine
    engine.max_sequences = 2
    assert not selection.has_room(engine)


def test_an_engine_that_others_filled_still_takes_one_of_ours_so_that_old_figures_never_close_it() -> None:
    made = table("a")
    (engine,) = made.endpoints
    made.apply_sample(engine, EndpointSample(at=1.0, running=8, waiting=50, kv_usage=0.9))
    assert selection.has_room(engine)
    sent(made, request_of())
    assert not selection.has_room(engine)


def test_several_routers_agree_on_a_place_without_a_word() -> None:
    pods = [f"engine-{number}" for number in range(8)]
    routers = [table(*pods, routers=3) for _ in range(3)]
    entries = [tuple(range(1000 * session, 1000 * session + 6)) for session in range(1, 40)]
    for session in entries:
        places = {chosen(one, *session) for one in routers}
        assert len(places) == 1
        assert next(iter(places))[1] is PickReason.RENDEZVOUS
    went = [sent(routers[0], request_of(*session)).pod for session in entries]
    assert len(set(went)) > 4


def test_a_session_that_is_named_has_one_place_whatever_its_prompts_begin_with() -> None:
    made = table(*(f"engine-{number}" for number in range(8)), routers=2)
    requests = [request_of(1000 * number, 1000 * number + 1) for number in range(1, 20)]
    for request in requests:
        request.session = 77
    went = {choice.endpoint.pod for one in requests if isinstance(choice := made.choose(one, 0.0), EndpointChoice)}
    assert len(went) == 1


def test_a_place_that_is_far_too_busy_loses_even_where_routers_agree() -> None:
    made = table("a", "b", routers=2)
    first = sent(made, request_of(1))
    first.prompt_load += 5000
    assert chosen(made, 1)[0] != first.pod


def test_a_choice_is_explained_engine_by_engine() -> None:
    made = table("a", "b", "c", "d", "e")
    a, b, c, d, e = made.endpoints
    sent(made, request_of(*CHAT))
    made.failed(b, "status 500", at_once=True)
    c.max_sequences = 0
    d.prompt_load = 100_000
    rows = explanations.candidates(made, request_of(*CHAT, tried=(e,)))
    assert [(row.pod, row.dropped, row.over_bound, row.held_blocks) for row in rows] == [
        ("a", "", False, 100),
        ("d", "", True, 0),
        ("b", "ejected: status 500", False, 0),
        ("c", "has as many requests as it can run", False, 0),
        ("e", "failed this request", False, 0),
    ]
    assert [row.dropped for row in explanations.candidates(made, request_of(adapter="fr"))].count(
        "does not serve adapter fr"
    ) == 4
    d.adapters, d.slots = frozenset({"fr"}), AdapterSlots(1)
    d.slots.enter("de", 0.0)
    full = next(row for row in explanations.candidates(made, request_of(adapter="fr")) if row.pod == "d")
    assert full.dropped == "its slots are taken by other adapters"
    a.state, a.reason = EndpointState.DRAINING, ""
    assert next(row for row in explanations.candidates(made, request_of()) if row.pod == "a").dropped == "draining"


HELD = st.sampled_from((0, 0, 0, 7, 30))
BUSY = st.tuples(st.integers(0, 60_000), st.integers(0, 5000), st.integers(0, 20_000), HELD, st.integers(0, 9000))


@given(
    st.lists(BUSY, min_size=2, max_size=5),
    st.integers(0, 30),
    st.sampled_from((1, 4)),
    st.floats(1.0, 3.0),
    st.booleans(),
)
def test_what_is_explained_as_best_is_always_what_is_chosen(
    busy: list[tuple[int, int, int, int, int]], length: int, routers: int, bound: float, by_prefix: bool
) -> None:
    balancing = Balancing(prefix=by_prefix, load_bound=bound)
    made = table(*(f"p{number}" for number in range(len(busy))), routers=routers, balancing=balancing)
    for one, (prompt, reply, others, held, free) in zip(made.endpoints, busy, strict=True):
        one.prompt_load, one.reply_load, one.others_load, one.free_tokens = prompt, reply, others, free
        made.index.learn(tuple(range(1, held + 1)), one.slot)
    blocks = tuple(range(1, length + 1))
    best, *_ = explanations.candidates(made, request_of(*blocks))
    assert best.pod == chosen(made, *blocks)[0]


def test_a_prompt_that_no_engine_holds_is_explained_by_load_alone_as_it_is_placed() -> None:
    made = table("p1", "p2")
    p1, p2 = made.endpoints
    p1.prompt_load, p2.prompt_load = 100, 500
    p1.free_tokens = 0.0
    rows = explanations.candidates(made, request_of(*CHAT))
    assert [(row.pod, row.adjusted_load) for row in rows] == [("p1", 100), ("p2", 500)]
    assert chosen(made, *CHAT) == ("p1", PickReason.LEAST_LOADED, 0)


def test_while_no_replica_is_ready_an_explanation_shows_why_each_is_none() -> None:
    made = EndpointTable(lambda _: None)
    made.apply_discovered([DiscoveredEndpoint(pod="a", address="a:1", ready=False)])
    made.context.routers = 2
    (row,) = explanations.candidates(made, request_of(*CHAT))
    assert (row.dropped, row.agreed) == ("notReady: not ready by its own probe", False)
