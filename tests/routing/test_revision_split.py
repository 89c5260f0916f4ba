"""Conversations between two revisions: the same at every router, never more than there are engines, never lost."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointState
from fairlead.fleet.gateways import Balancing, RoutingSettings
from fairlead.fleet.tenants import Tenant
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.routing import explanations, revision_split
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice, NoCandidate
from tests.routing.dispatchers import terms
from tests.routing.engines import EVERYBODY, request_of, sent

NEW = "b"
KEYS = range(1, 4001)


def fleet(old: int, new: int, percent: int | None) -> EndpointTable:
    """This many proved engines of each revision."""
    found = [(f"old-{place}", "a") for place in range(old)] + [(f"new-{place}", NEW) for place in range(new)]
    made = EndpointTable(lambda _: None)
    made.apply_discovered(
        [DiscoveredEndpoint(pod=pod, address=f"{pod}:1", revision=revision) for pod, revision in found]
    )
    for endpoint in made.endpoints:
        made.probe_succeeded(endpoint)
    shared(made, percent)
    return made


def shared(made: EndpointTable, percent: int | None) -> None:
    """The new revision has this share from now on."""
    made.apply(Balancing(), 1, None if percent is None else TrafficShare(revision=NEW, percent=percent))


def in_session(session: int) -> RoutingRequest:
    """A request of this session."""
    return replace(request_of(1, 2), session=session)


def answered(made: EndpointTable, request: RoutingRequest) -> str:
    """The revision that answers it."""
    choice = made.choose(request, 0.0)
    assert isinstance(choice, EndpointChoice)
    return choice.endpoint.revision


def of_new(made: EndpointTable) -> set[int]:
    """The sessions that the new revision answers."""
    return {key for key in KEYS if answered(made, in_session(key)) == NEW}


def test_without_a_share_revisions_are_not_distinguished() -> None:
    made = fleet(old=1, new=1, percent=None)
    assert {sent(made, request_of(tokens=100)).revision for _ in range(2)} == {"a", NEW}


def test_every_router_sends_a_conversation_to_the_same_revision() -> None:
    one, other = fleet(3, 1, 20), fleet(3, 1, 20)
    for _ in range(5):
        sent(other, request_of(tokens=5000))
    assert of_new(one) == of_new(other)
    assert len(of_new(one)) == pytest.approx(0.2 * len(KEYS), rel=0.1)


def test_a_larger_share_moves_conversations_to_the_new_revision_and_none_back() -> None:
    made = fleet(1, 3, 0)
    shares = []
    for percent in (0, 1, 5, 20, 50, 75):
        shared(made, percent)
        shares.append(of_new(made))
    assert all(less < more for less, more in pairwise(shares))
    assert shares[0] == set()


def test_another_revision_begins_with_other_conversations() -> None:
    first = {key for key in KEYS if revision_split.is_within(key, "b", 0.05)}
    second = {key for key in KEYS if revision_split.is_within(key, "c", 0.05)}
    assert len(first & second) < 0.2 * len(first)


@given(st.integers(0, 100), st.integers(1, 4), st.integers(1, 4))
def test_a_share_is_never_above_the_part_of_the_routable_engines(percent: int, old: int, new: int) -> None:
    share = revision_split.effective_share(TrafficShare(revision=NEW, percent=percent), new, old + new)
    assert share <= percent / 100
    assert share <= new / (old + new)


@given(st.integers(0, 2**64 - 1), st.floats(0, 1), st.floats(0, 1))
def test_a_conversation_never_leaves_the_new_revision_because_its_share_grows(key: int, one: float, two: float) -> None:
    less, more = min(one, two), max(one, two)
    assert revision_split.is_within(key, NEW, more) >= revision_split.is_within(key, NEW, less)


def test_a_revision_that_an_edit_left_on_trial_gets_users_only_while_nothing_else_serves() -> None:
    made = fleet(2, 1, 20)
    made.apply(Balancing(), 1, TrafficShare(revision="c", percent=20, stable="a"))
    assert {answered(made, in_session(key)) for key in range(500)} == {"a"}, "the next one has no engine yet"
    made.apply(Balancing(), 1, TrafficShare(revision=NEW, percent=0, stable="a"))
    assert {answered(made, in_session(key)) for key in range(500)} == {"a"}, "the spec names the old one again"
    made.apply(Balancing(), 1, TrafficShare(revision="c", percent=20, stable="z"))
    assert {sent(made, request_of(tokens=100)).revision for _ in range(3)} == {"a", NEW}


def test_one_engine_of_four_gets_a_quarter_however_large_a_share_is_requested() -> None:
    made = fleet(3, 1, 90)
    assert len(of_new(made)) == pytest.approx(len(KEYS) / 4, rel=0.1)


def test_without_routable_engines_nothing_has_a_share() -> None:
    assert revision_split.effective_share(TrafficShare(revision=NEW, percent=50), 0, 0) == 0.0
    assert fleet(0, 0, 50).choose(in_session(1), 0.0) is NoCandidate.NONE_ROUTABLE


def test_a_conversation_without_a_session_is_known_by_its_tenant_and_its_first_block() -> None:
    shop = Account(Tenant(name="shop", keys=()))
    first, later = request_of(7, 8), replace(request_of(7, 8, 9), arrived=60.0)
    assert revision_split.conversation(first) == revision_split.conversation(later)
    assert revision_split.conversation(first) != revision_split.conversation(replace(first, account=shop))
    assert revision_split.conversation(first) != revision_split.conversation(request_of(6, 8))


def test_prompts_shorter_than_a_block_go_by_the_moment_they_came() -> None:
    made = fleet(1, 1, 50)
    short = [replace(request_of(), account=EVERYBODY, arrived=0.37 * place) for place in range(1000)]
    assert sum(answered(made, one) == NEW for one in short) == pytest.approx(500, rel=0.15)


def test_the_other_revision_answers_where_one_has_no_routable_engine() -> None:
    made = fleet(1, 1, 0)
    old, new = made.endpoints
    made.failed(old, "refused", at_once=True)
    assert old.state is EndpointState.EJECTED
    assert {answered(made, in_session(key)) for key in KEYS} == {NEW}
    made.probe_succeeded(old)
    made.failed(new, "refused", at_once=True)
    shared(made, 100)
    assert {answered(made, in_session(key)) for key in KEYS} == {"a"}


def test_a_new_revision_without_room_leaves_its_conversations_to_the_old_one_and_not_the_other_way_round() -> None:
    made = fleet(1, 1, 50)
    old, new = made.endpoints
    made.sized(new, None, 0)
    assert {answered(made, in_session(key)) for key in KEYS} == {"a"}
    made.sized(new, None, 1000)
    made.sized(old, None, 0)
    found = [made.choose(in_session(key), 0.0) for key in KEYS]
    assert found.count(NoCandidate.FULL) == pytest.approx(len(KEYS) / 2, rel=0.1)


def test_a_request_that_failed_at_the_new_revision_is_retried_at_the_old_one() -> None:
    made = fleet(1, 2, 50)
    key = next(iter(of_new(made)))
    first = made.choose(in_session(key), 0.0)
    assert isinstance(first, EndpointChoice)
    assert answered(made, replace(in_session(key), tried=[first.endpoint])) == "a"


def test_an_explanation_names_the_engines_of_the_other_revision() -> None:
    made = fleet(1, 1, 50)
    key = next(iter(of_new(made)))
    best, other = explanations.candidates(made, in_session(key))
    assert (best.pod, best.dropped) == ("new-0", "")
    assert (other.pod, other.dropped) == ("old-0", "of another revision than this conversation's")


def test_the_same_share_applied_again_changes_nothing_and_none_ends_it() -> None:
    made = fleet(1, 1, 50)
    before = made.split
    shared(made, 50)
    assert made.split is before
    shared(made, None)
    assert made.split is None


def test_a_dispatcher_divides_by_its_configuration() -> None:
    made = Dispatcher(replace(terms(RoutingSettings()), share=TrafficShare(revision=NEW, percent=5)))
    assert made.table.split is not None
    assert made.table.split.share.percent == 5


def test_what_a_revision_on_trial_fails_is_covered_as_long_as_an_old_engine_is_routable() -> None:
    beside, alone, unshared = fleet(1, 1, 50), fleet(0, 1, 50), fleet(1, 1, None)
    for one in (beside, alone, unshared):
        one.choose(request_of(), 0.0)
    old, new = beside.endpoints
    assert (beside.is_covered(new), beside.is_covered(old)) == (True, False)
    assert not alone.is_covered(alone.endpoints[0])
    assert not unshared.is_covered(new)
