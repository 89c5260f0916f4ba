"""Several dispatchers with the tenants of one router: limits hold over all, and a request moves with its charges."""

from fairlead.fleet.gateways import HoldLimits, RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Tenant
from fairlead.routing import admission
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.refusal import TokenUsage
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.tenancy import Tenancy
from tests.routing.dispatchers import account, is_empty, placed, refused, seen, send, sent, start, terms, waits

SHOP = Tenant(name="shop", keys=(), max_concurrency=1, requests_per_minute=10, tokens_per_minute=1000)
BANK = Tenant(name="bank", keys=(), max_concurrency=1)
ROUTING = RoutingSettings(tenants=(SHOP, BANK), limits=TrafficLimits(max_queued=2))


def two(routing: RoutingSettings = ROUTING) -> tuple[Tenancy, Dispatcher, Dispatcher]:
    """Two targets of one router, with two engines each."""
    shared = Tenancy()
    shared.accounts.take(terms(routing), 0.0)
    made = [Dispatcher(terms(routing), shared=shared) for _ in range(2)]
    for number, one in enumerate(made):
        start(one, *seen(f"{number}-a", f"{number}-b"), slots=4)
    return shared, made[0], made[1]


def done(at: Dispatcher, one: RoutingRequest, tokens: int = 50) -> None:
    at.ended(one, AttemptEnding.DONE, TokenUsage(prompt_tokens=tokens, output_tokens=0), 1.0)


def test_what_a_tenant_runs_at_one_target_counts_at_the_other() -> None:
    shared, left, right = two()
    first = send(left, "shop")
    sent(left, first)
    second, third = waits(right, send(right, "shop")), waits(left, send(left, "shop"))
    assert (placed(right), placed(left)) == ([], [])
    assert len(shared.parked[account(left, "shop")]) == 2
    done(left, first)
    assert shared.parked == {}, "whichever dispatcher had it"
    assert placed(right) == [second]
    assert placed(left) == []
    done(right, second)
    assert placed(left) == [third]
    done(left, third)
    assert is_empty(left)
    assert is_empty(right)


def test_another_configuration_of_one_target_leaves_what_is_parked_at_others() -> None:
    shared, left, right = two()
    first, other = send(left, "shop"), send(right, "bank")
    sent(left, first)
    sent(right, other)
    here, there, mine = (
        waits(left, send(left, "shop")),
        waits(right, send(right, "shop")),
        waits(left, send(left, "bank")),
    )
    assert (placed(left), placed(right)) == ([], [])
    left.apply(terms(ROUTING), 1.0)
    assert [len(lines) for lines in shared.parked.values()] == [1], "the bank's were here alone"
    done(left, first)
    done(right, other)
    assert placed(right) == [there]
    assert placed(left) == [mine]
    done(right, there)
    assert placed(left) == [here]
    for at, one in ((left, here), (left, mine)):
        done(at, one)
    assert is_empty(left)
    assert is_empty(right)


def test_a_request_that_moves_after_a_failed_attempt_is_charged_once() -> None:
    _, left, right = two()
    whose = account(left, "shop")
    assert whose.requests is not None
    assert whose.tokens is not None
    first = send(left, "shop")
    first.keeps_charges = True
    sent(left, first)
    assert whose.requests.level == 9
    reserved = first.reserved_tokens
    left.leave(first, AttemptEnding.FAILED, 0.0)
    assert is_empty(left)
    again = send(right, "shop")
    again.take_charges(first)
    assert (again.reserved_tokens, first.reserved_tokens) == (reserved, 0)
    assert isinstance(right.submit(again, 0.0), Endpoint)
    assert whose.requests.level == 9
    right.ended(again, AttemptEnding.DONE, TokenUsage(prompt_tokens=30, output_tokens=5), 0.0)
    assert (whose.requests.level, whose.tokens.level) == (9, 965)


def test_a_refused_request_keeps_its_charges_while_another_target_may_answer_and_until_none_is_left() -> None:
    routing = RoutingSettings(tenants=(SHOP,), limits=TrafficLimits(max_queued=0), hold=HoldLimits(max_requests=0))
    _, left, _ = two(routing)
    whose = account(left, "shop")
    assert whose.requests is not None
    assert whose.tokens is not None
    start(left)
    one = send(left, "shop")
    one.keeps_charges = True
    assert refused(left, one).reason in (RefusalReason.NO_REPLICA, RefusalReason.QUEUE_FULL)
    assert whose.requests.level == 9
    assert one.reserved_tokens > 0
    left.give_up(one)
    assert (whose.requests.level, whose.tokens.level, one.keeps_charges) == (10, 1000, False)
    refused(left, send(left, "shop"))
    assert (whose.requests.level, whose.tokens.level) == (10, 1000)


def test_a_request_leaves_the_queue_with_its_charge() -> None:
    _, left, right = two()
    first, second = send(left, "shop"), send(left, "shop")
    sent(left, first)
    waits(left, second)
    whose = account(left, "shop")
    assert whose.requests is not None
    left.leave_queue(second)
    assert (left.waiting, whose.queued, whose.requests.level) == (0, 0, 8)
    moved = send(right, "shop")
    moved.take_charges(second)
    waits(right, moved)
    assert whose.requests.level == 8
    done(left, first)
    assert placed(right) == [moved]
    done(right, moved)
    assert is_empty(left)
    assert is_empty(right)


def test_a_second_answer_to_one_request_takes_its_tokens_and_no_request_of_the_rate() -> None:
    _, left, right = two()
    whose = account(left, "shop")
    assert whose.requests is not None
    assert whose.tokens is not None
    first = send(left, "shop")
    sent(left, first)
    done(left, first)
    again = send(right, "shop")
    admission.charge_again(again, first)
    assert again.reserved_tokens == first.expected_tokens
    assert (whose.requests.level, whose.tokens.level) == (9, 1000 - 50 - first.expected_tokens)


def test_a_second_answer_of_a_tenant_without_rates_costs_none() -> None:
    _, left, right = two()
    first, again = send(left, "bank"), send(right, "bank")
    admission.charge_again(again, first)
    assert again.reserved_tokens == 0
