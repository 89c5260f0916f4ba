"""What becomes of a request at its dispatcher, as its own fields show it."""

from fairlead.fleet.tenants import Tenant
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.routing_request import RoutingRequest


def request() -> RoutingRequest:
    """A request of a shop, for which something acts."""
    account = Account(tenant=Tenant(name="shop", keys=()))
    return RoutingRequest(account=account, prompt_tokens=100, max_output_tokens=50, arrived=0.0, owner="an exchange")


def test_its_conversation_is_found_by_its_prefix_and_its_session() -> None:
    one = request()
    one.recognize_by([3, 5], 7)
    assert (one.blocks, one.session) == ([3, 5], 7)


def test_it_keeps_its_charges_while_another_target_may_get_it() -> None:
    one = request()
    one.may_move(elsewhere=True)
    assert one.keeps_charges
    one.may_move(elsewhere=False)
    assert not one.keeps_charges


def test_of_the_limits_that_only_count_it_keeps_the_first_that_it_exceeds() -> None:
    one = request()
    one.would_be_refused(RefusalReason.MODEL_NOT_ALLOWED)
    one.would_be_refused(RefusalReason.BUDGET)
    assert one.shadow is RefusalReason.MODEL_NOT_ALLOWED
    assert one.account.shadowed[RefusalReason.BUDGET] == 0, "which its account counts only where it is told to"


def test_nothing_acts_for_it_once_it_has_ended() -> None:
    one = request()
    one.end()
    assert one.owner is None


def test_what_another_router_charged_in_vain_is_refunded_once() -> None:
    account = request().account
    account.owed_requests, account.owed_tokens = 2, 150
    assert account.take_owed() == (2, 150)
    assert account.take_owed() == (0, 0)


def test_an_engine_that_produces_something_does_not_hang() -> None:
    endpoint = Endpoint(pod="chat-1", address="10.0.0.1:8000", slot=0)
    endpoint.progressed(12.5)
    assert endpoint.progress_at == 12.5
