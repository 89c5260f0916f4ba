"""A request's way through the dispatcher: sent now, queued, or refused."""

import pytest

from fairlead.fleet.gateways import Retries, RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Band, Tenant
from fairlead.routing.accounts import Account
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.refusal import Refusal, TokenUsage
from fairlead.routing.served_model import ServedModel
from tests.routing.dispatchers import (
    account,
    digest,
    dispatcher_of,
    is_empty,
    placed,
    refused,
    refused_at,
    seen,
    send,
    sent,
    start,
    terms,
    waits,
)

SHOPS = (Tenant(name="shop", keys=()), Tenant(name="bank", keys=()))


def tenants(**limits: object) -> RoutingSettings:
    """One tenant with these limits."""
    return RoutingSettings(tenants=(Tenant(name="shop", keys=(), **limits),))  # type: ignore[arg-type]


def test_with_room_it_goes_at_once_and_gives_everything_back() -> None:
    at = dispatcher_of()
    one = send(at)
    endpoint = sent(at, one, now=3.0)
    assert (endpoint.inflight, at.inflight, account(at).inflight, one.sent_at) == (1, 1, 1, 3.0)
    at.first_token(one, 4.0)
    at.first_token(one, 4.1)
    at.ended(one, AttemptEnding.DONE, TokenUsage(prompt_tokens=90, output_tokens=7, cached_tokens=64), 5.0)
    assert is_empty(at)


def test_giving_back_twice_is_a_fault_that_shows() -> None:
    at = dispatcher_of()
    one = send(at)
    sent(at, one)
    at.ended(one, AttemptEnding.CLIENT_LEFT, None, 1.0)
    with pytest.raises(AssertionError, match="in flight nowhere: done"):
        at.ended(one, AttemptEnding.DONE, None, 2.0)
    with pytest.raises(AssertionError, match="does not wait"):
        at.withdraw(one, 2.0)


def test_without_room_it_waits_and_goes_when_another_ends() -> None:
    at = dispatcher_of()
    first, second = send(at), send(at)
    sent(at, first)
    waits(at, second)
    assert placed(at) == []
    at.ended(first, AttemptEnding.DONE, None, 1.0)
    assert placed(at, 1.0) == [second]
    assert (second.waiting, at.waiting, at.inflight) == (False, 0, 1)


def test_no_request_overtakes_those_already_waiting() -> None:
    at = dispatcher_of(RoutingSettings(tenants=SHOPS))
    running, first, late = send(at, "shop"), send(at, "shop"), send(at, "bank")
    sent(at, running)
    waits(at, first)
    at.ended(running, AttemptEnding.DONE, None, 1.0)
    waits(at, late, 1.0)
    assert placed(at, 1.0) == [first]


def test_one_that_left_while_it_waited_is_forgotten() -> None:
    at = dispatcher_of()
    running, gone = send(at), send(at)
    sent(at, running)
    waits(at, gone)
    at.withdraw(gone, 1.0)
    at.ended(running, AttemptEnding.DONE, None, 1.0)
    assert is_empty(at)
    sent(at, send(at))


def test_a_failed_attempt_goes_elsewhere_and_keeps_what_it_reserved() -> None:
    at = dispatcher_of(tenants(tokens_per_minute=10_000), engines=2)
    one = send(at, "shop")
    first = sent(at, one)
    reserved = one.reserved_tokens
    second = at.retry(one, AttemptEnding.NOT_CONNECTED, 1.0)
    assert second is not first
    assert (one.tried, first.inflight, at.inflight, one.reserved_tokens) == ([first], 0, 1, reserved)
    at.ended(one, AttemptEnding.DONE, None, 2.0)
    assert is_empty(at)


def test_after_as_many_attempts_as_are_made_it_is_over() -> None:
    at = dispatcher_of(RoutingSettings(retries=Retries(max_attempts=1)), engines=2)
    one = send(at)
    sent(at, one)
    endpoint = at.retry(one, AttemptEnding.FAILED, 1.0)
    assert isinstance(endpoint, Refusal)
    assert (endpoint.reason, is_empty(at)) == (RefusalReason.NO_OTHER_REPLICA, True)
    assert endpoint.retry_after_seconds == 1.0


def test_when_so_many_fail_that_the_budget_is_spent_a_retry_is_refused_unless_it_cost_nothing() -> None:
    at = dispatcher_of(RoutingSettings(retries=Retries(budget=0.0)), engines=2, slots=100)
    endings = []
    for _ in range(20):
        one = send(at)
        sent(at, one)
        endpoint = at.retry(one, AttemptEnding.FAILED, 1.0)
        endings.append(endpoint.reason if isinstance(endpoint, Refusal) else None)
    assert endings.count(RefusalReason.RETRY_BUDGET) == 10
    one = send(at)
    sent(at, one)
    assert not isinstance(at.retry(one, AttemptEnding.BUSY, 1.0), Refusal)


def test_a_retry_without_room_waits_before_its_tenants_others() -> None:
    at = dispatcher_of(engines=2)
    one, other, request = send(at), send(at), send(at)
    first = sent(at, one)
    sent(at, other)
    waits(at, request)
    at.table.failed(first, "gone", at_once=True)
    assert at.retry(one, AttemptEnding.CUT, 1.0) is None
    at.ended(other, AttemptEnding.DONE, None, 2.0)
    assert placed(at, 2.0) == [one]


def test_a_request_for_an_adapter_that_no_replica_has_is_refused_at_once_or_when_its_turn_comes() -> None:
    at = dispatcher_of(engines=0)
    held = waits(at, send(at, adapter="legal"))
    start(at, *seen("new"))
    assert [(one, no.reason) for one, no in refused_at(at)] == [(held, RefusalReason.NO_ADAPTER)]
    assert refused(at, send(at, adapter="legal")).message.startswith("model: legal: no replica has this adapter")


def test_a_request_is_refused_when_its_adapter_disappeared_while_its_attempt_failed() -> None:
    at = dispatcher_of(engines=0)
    start(at, *seen("new", adapters=frozenset({"legal"})))
    one = send(at, adapter="legal")
    sent(at, one)
    start(at, *seen("new"))
    endpoint = at.retry(one, AttemptEnding.FAILED, 1.0)
    assert isinstance(endpoint, Refusal)
    assert endpoint.reason is RefusalReason.NO_ADAPTER


def test_a_full_adapter_does_not_hold_up_those_that_need_none() -> None:
    at = dispatcher_of(engines=0)
    start(at, *seen("a", adapters=frozenset({"legal"})), *seen("b"), slots=1)
    lawyer = send(at, adapter="legal")
    sent(at, lawyer)
    waiting = waits(at, send(at, adapter="legal"))
    assert placed(at) == []
    at.ended(lawyer, AttemptEnding.DONE, None, 1.0)
    assert placed(at, 1.0) == [waiting]


def test_while_an_adapter_is_waited_for_others_of_the_tenant_go() -> None:
    at = dispatcher_of(engines=0)
    start(at, *seen("a", adapters=frozenset({"legal"})), *seen("b"), slots=1)
    sent(at, send(at, adapter="legal"))
    waits(at, send(at, adapter="legal"))
    assert sent(at, send(at)).pod == "b", "at once: nothing that it needs is waited for"
    waits(at, send(at, adapter="legal"))
    plain = waits(at, send(at))
    assert placed(at) == []
    at.table.apply_discovered(seen("c"))
    at.table.probe_succeeded(at.table.endpoints[-1])
    assert placed(at) == [plain]


def test_a_tenant_at_its_concurrency_waits_while_others_go() -> None:
    routing = RoutingSettings(tenants=(Tenant(name="shop", keys=(), max_concurrency=1), *SHOPS[1:]))
    at = dispatcher_of(routing, slots=10)
    running = send(at, "shop")
    sent(at, running)
    waiting = waits(at, send(at, "shop"))
    assert placed(at) == []
    sent(at, send(at, "bank"))
    at.ended(running, AttemptEnding.DONE, None, 1.0)
    assert placed(at, 1.0) == [waiting]


def test_coming_and_going_at_the_bound_leaves_nothing_behind() -> None:
    at = dispatcher_of(tenants(max_concurrency=1), slots=10)
    running = send(at, "shop")
    sent(at, running)
    for _ in range(5):
        one = waits(at, send(at, "shop"))
        assert placed(at) == []
        at.withdraw(one, 0.0)
    assert len(at.queue.parked[account(at, "shop")]) == 1
    at.ended(running, AttemptEnding.DONE, None, 1.0)
    assert is_empty(at)


def test_a_concurrency_limit_in_shadow_mode_counts_what_exceeds_it() -> None:
    at = dispatcher_of(tenants(max_concurrency=1, shadow=True), slots=10)
    sent(at, send(at, "shop"))
    sent(at, send(at, "shop"))
    assert account(at, "shop").over_concurrency == 1


def test_a_refused_request_pays_nothing_and_one_that_was_sent_pays_what_it_used() -> None:
    at = dispatcher_of(tenants(tokens_per_minute=10_000, requests_per_minute=10))
    shop = account(at, "shop")
    assert shop.tokens is not None
    assert shop.requests is not None
    one = send(at, "shop", prompt=1000)
    sent(at, one)
    waiting = waits(at, send(at, "shop"))
    at.withdraw(waiting, 0.0)
    at.ended(one, AttemptEnding.DONE, TokenUsage(prompt_tokens=900, output_tokens=3), 0.0)
    assert (shop.tokens.level, shop.requests.level) == (10_000 - 903, 9)


@pytest.mark.parametrize(
    ("streams", "began", "ending", "paid"),
    [
        *((True, False, AttemptEnding.CLIENT_LEFT, 0), (True, True, AttemptEnding.CLIENT_LEFT, 110)),
        *((False, False, AttemptEnding.CLIENT_LEFT, 110), (False, False, AttemptEnding.SLOW, 110)),
        *((True, False, AttemptEnding.CUT, 110), (True, False, AttemptEnding.SLOW, 0)),
        (False, False, AttemptEnding.FAILED, 0),
    ],
)
def test_without_a_count_an_answer_that_may_have_begun_costs_what_was_reserved(
    *, streams: bool, began: bool, ending: AttemptEnding, paid: int
) -> None:
    at = dispatcher_of(tenants(tokens_per_minute=10_000))
    one = send(at, "shop", prompt=100, output=10, streams=streams)
    sent(at, one)
    if began:
        at.first_token(one, 0.5)
    at.ended(one, ending, None, 0.5)
    shop = account(at, "shop")
    assert shop.tokens is not None
    assert shop.tokens.level == 10_000 - paid


def test_an_answer_that_was_broken_off_is_paid_for_and_teaches_nothing_of_how_long_answers_are() -> None:
    at = dispatcher_of(tenants(tokens_per_minute=10_000))
    one = send(at, "shop", prompt=100, output=10)
    sent(at, one)
    before = at.table.expectations.reply("shop", 1000)
    at.ended(one, AttemptEnding.CLIENT_LEFT, TokenUsage(prompt_tokens=100, output_tokens=4), 0.5)
    shop = account(at, "shop")
    assert shop.tokens is not None
    assert shop.tokens.level == 10_000 - 104
    assert at.table.expectations.reply("shop", 1000) == before


def test_over_a_limit_it_is_refused_before_it_waits() -> None:
    at = dispatcher_of(RoutingSettings(limits=TrafficLimits(max_prompt_tokens=10)), slots=0)
    assert refused(at, send(at, prompt=11)).reason is RefusalReason.PROMPT_TOO_LONG
    assert at.needs_count(send(at, prompt=11))
    assert is_empty(at)


def test_a_limit_in_shadow_mode_shortens_no_answer() -> None:
    at = dispatcher_of()
    limits = TrafficLimits(max_output_tokens=99, shadow=True)
    at.apply(terms(RoutingSettings(limits=limits), model=ServedModel(max_context_tokens=4096)), 0.0)
    everybody = at.account(None)
    assert isinstance(everybody, Account)
    assert (at.fill_in(everybody), at.default_output(everybody)) == (None, 4096)


def test_what_is_checked_before_there_is_a_request() -> None:
    at = dispatcher_of()
    model = ServedModel(names=("chat", "legal"), adapters=frozenset({"legal"}), max_context_tokens=4096)
    at.apply(terms(RoutingSettings(tenants=SHOPS, limits=TrafficLimits(max_output_tokens=99)), model=model), 0.0)
    shop = account(at, "shop")
    assert (at.adapters, at.fill_in(shop), at.default_output(shop)) == (frozenset({"legal"}), 99, 99)
    assert at.unserved(shop, "chat") is None
    assert at.unserved(shop, "other") is not None
    assert at.account(digest("nobody")) is at.account(None)


def test_another_configuration_keeps_everybody_who_waits_in_order() -> None:
    at = dispatcher_of(RoutingSettings(tenants=SHOPS))
    running = send(at, "shop")
    sent(at, running)
    waiting = [waits(at, send(at, "shop"), 1.0), waits(at, send(at, "shop"), 2.0)]
    at.apply(terms(RoutingSettings(tenants=SHOPS, bands=(Band(name="gold", priority=9),))), 3.0)
    assert at.waiting == 2
    at.ended(running, AttemptEnding.DONE, None, 4.0)
    assert placed(at, 4.0) == waiting[:1]
    assert [(one.name, one.waiting, one.inflight) for one in at.snapshot(4.0).tenants] == [
        ("shop", 1, 1),
        ("bank", 0, 0),
    ]
