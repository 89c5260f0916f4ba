"""A full cache gets no prompt that would only wait in its engine; its last part is for tenants within their share."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import BatchLaneLimits, Lane, Tenant
from fairlead.routing.cache_room import FRESH_SECONDS, GROWTH
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import EndpointSample
from fairlead.routing.explanations import candidates
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import dispatcher_of, placed, send, sent, terms, waits
from tests.routing.outlooks import teach

TOKENS: Final = 10_000
TWO: Final = RoutingSettings(tenants=tuple(Tenant(name=name, keys=()) for name in ("flood", "quiet")))


def engine_of(routing: RoutingSettings | None = None, objective: float | None = 20.0) -> Dispatcher:
    """One with a cache of ten thousand tokens that computes a thousand tokens a second."""
    at = dispatcher_of(routing, slots=100, kv_tokens=TOKENS)
    at.apply(terms(routing or RoutingSettings(), objective=objective), 0.0)
    teach(at.table.expectations.first_token)
    assert placed(at) == []
    return at


def running(at: Dispatcher, prompt: int = 100, name: str = "") -> RoutingRequest:
    """A request that has had its first token."""
    one = send(at, name, prompt=prompt)
    sent(at, one)
    at.first_token(one, 0.1)
    return one


def sampled(at: Dispatcher, usage: float, now: float = 0.0) -> None:
    """The engine reported its cache usage."""
    for endpoint in at.table.endpoints:
        at.table.apply_sample(endpoint, EndpointSample(at=now, running=1, waiting=0, kv_usage=usage))


def test_a_prompt_waits_in_the_router_until_its_cache_has_room() -> None:
    at = engine_of()
    first = running(at)
    sampled(at, 0.90)
    sent(at, send(at, prompt=400))
    second = waits(at, send(at, prompt=400))
    assert [one.dropped for one in candidates(at.table, second)] == ["its KV cache has no room for the prompt"]
    at.ended(first, AttemptEnding.DONE, None, 0.2)
    assert placed(at, 0.2) == []
    sampled(at, 0.80, 1.0)
    assert placed(at, 1.0) == [second]


def test_room_that_an_ended_request_left_counts_before_the_next_sample() -> None:
    at = engine_of()
    first, _ = running(at, prompt=1000), running(at)
    sampled(at, 0.90)
    second = waits(at, send(at, prompt=1000))
    at.ended(first, AttemptEnding.DONE, None, 0.2)
    assert placed(at, 0.2) == [second]


@pytest.mark.parametrize("why", ["no objective", "old sample", "none of ours there", "unknown size"])
def test_cache_room_is_not_required_where_it_is_unknown_or_changes_nothing(why: str) -> None:
    at = engine_of(objective=None if why == "no objective" else 20.0)
    if why != "none of ours there":
        running(at)
    if why == "unknown size":
        at.table.sized(at.table.endpoints[0], None, 100)
    sampled(at, 1.0)
    sent(at, send(at, prompt=1000), FRESH_SECONDS + 1 if why == "old sample" else 0.0)


def test_a_prompt_longer_than_a_fifth_of_the_cache_needs_no_more_than_that() -> None:
    at = engine_of()
    running(at)
    sampled(at, 0.70)
    sent(at, send(at, prompt=9_000))


def test_a_prompt_that_an_engine_holds_needs_room_for_the_rest_only() -> None:
    at = engine_of()
    blocks = tuple(range(1, 9))
    before = send(at, prompt=1100, blocks=blocks)
    sent(at, before)
    at.first_token(before, 0.1)
    sampled(at, 0.90)
    sent(at, send(at, prompt=1100, blocks=blocks))


def flooded() -> Dispatcher:
    """A tenant with much in flight, and one with a recent request."""
    at = engine_of(TWO)
    running(at, prompt=1000, name="flood")
    quiet = running(at, prompt=10, name="quiet")
    at.ended(quiet, AttemptEnding.DONE, None, 0.2)
    return at


def test_a_tenant_above_its_share_leaves_room_for_one_within_it() -> None:
    at = flooded()
    sampled(at, 0.85)
    waits(at, send(at, "flood", prompt=300))
    sent(at, send(at, "quiet", prompt=300))


def test_a_tenant_within_its_share_may_take_what_is_left_for_replies_to_grow() -> None:
    at = flooded()
    sampled(at, 1.0 - GROWTH)
    sent(at, send(at, "quiet", prompt=300))


def test_one_that_waits_for_its_share_lets_others_pass() -> None:
    at = flooded()
    sampled(at, 1.0)
    flood, quiet = waits(at, send(at, "flood", prompt=100)), waits(at, send(at, "quiet", prompt=300))
    sampled(at, 0.95, 1.0)
    assert placed(at, 1.0) == [quiet]
    assert flood.waiting


def test_batch_work_has_no_share_and_leaves_none() -> None:
    at = flooded()
    at.apply(terms(replace(TWO, batch_lane=BatchLaneLimits()), objective=20.0), 0.0)
    batch = send(at, "quiet", batch=True)
    sent(at, batch)
    assert (batch.lane, batch.tenant_use, batch.yields) == (Lane.BATCH, None, False)
