"""Rates that one router keeps for all: whose they are, what a permit takes, and what is returned of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Tenant
from fairlead.routing import admission, permits, rate_ownership
from fairlead.routing.accounts import Account, Accounts
from fairlead.routing.admission import Admission
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.rate_permits import Permit, RateRemainder
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.routing_request import RoutingRequest

ROUTERS = frozenset({"router-a", "router-b", "router-c"})


def accounts(name: str, *tenants: Tenant, peers: frozenset[str] = ROUTERS) -> Accounts:
    made = Accounts()
    made.take(
        DispatcherConfig(routing=RoutingSettings(tenants=tenants), routers=len(peers), peers=peers, name=name), now=0.0
    )
    return made


def limited(name: str = "shop", requests: int | None = 4, tokens: int | None = None) -> Tenant:
    return Tenant(name=name, keys=(), requests_per_minute=requests, tokens_per_minute=tokens)


def shop(router: str, tenant: Tenant | None = None, peers: frozenset[str] = ROUTERS) -> Account:
    found = accounts(router, tenant or limited(), peers=peers).named("shop")
    assert found is not None
    return found


@pytest.mark.trial(18)
def test_one_router_keeps_the_whole_rate_and_the_others_know_which() -> None:
    kept = {router: shop(router) for router in ROUTERS}
    (keeper,) = [router for router, account in kept.items() if account.home is None]
    assert {account.home for router, account in kept.items() if router != keeper} == {keeper}
    levels = {router: account.requests.per_minute for router, account in kept.items() if account.requests}
    assert levels == {router: 4.0 if router == keeper else pytest.approx(4 / 3) for router in ROUTERS}


def test_without_router_names_each_router_has_its_part_of_a_rate_and_queries_no_other() -> None:
    alone = Accounts()
    alone.take(DispatcherConfig(routing=RoutingSettings(tenants=(limited(),)), routers=2), now=0.0)
    account = alone.named("shop")
    assert account is not None
    assert account.requests is not None
    assert (account.home, account.requests.per_minute) == (None, 2.0)
    assert alone.named("bank") is None


def test_a_tenant_without_rates_has_no_home_router() -> None:
    assert {shop(router, limited(requests=None)).home for router in ROUTERS} == {None}


@given(st.sets(st.text("abcdef", min_size=1), min_size=2, max_size=6), st.text("xyz", min_size=1))
def test_a_router_that_goes_moves_only_the_tenants_that_it_kept(routers: set[str], tenant: str) -> None:
    keeper = rate_ownership.rate_owner(tenant, routers)
    for gone in routers:
        after = rate_ownership.rate_owner(tenant, routers - {gone})
        assert (after == keeper) == (gone != keeper)
    assert rate_ownership.rate_owner(tenant, ()) is None


@pytest.mark.trial(20)
def test_a_permit_reports_what_is_left() -> None:
    account = shop("alone", limited(tokens=600), peers=frozenset({"alone"}))
    assert permits.take(account, 100, 0.0) == Permit(
        requests=RateRemainder(limit=4, remaining=3, full_in_seconds=15.0),
        tokens=RateRemainder(limit=600, remaining=500, full_in_seconds=10.0),
    )


def test_requests_go_back_when_the_tokens_do_not_suffice() -> None:
    account = shop("alone", limited(tokens=600), peers=frozenset({"alone"}))
    permits.take(account, 550, 0.0)
    found = permits.take(account, 100, 0.0)
    assert (found.refused, found.seconds) == (RefusalReason.TOKEN_RATE, 5.0)
    assert found.requests is not None
    assert found.requests.remaining == 3
    for _ in range(3):
        permits.take(account, 0, 0.0)
    last = permits.take(account, 0, 0.0)
    assert (last.refused, last.seconds) == (RefusalReason.REQUEST_RATE, 15.0)
    assert last.tokens is not None
    assert last.tokens.remaining == 50


def test_without_rates_there_is_nothing_to_take_or_report() -> None:
    account = shop("alone", limited(requests=None), peers=frozenset({"alone"}))
    assert permits.take(account, 100, 0.0) == Permit()
    permits.give_back(account, 1, 5)
    request = RoutingRequest(account=account, prompt_tokens=1, max_output_tokens=1, arrived=0.0)
    admission.charge(request, Permit())
    assert request.permit is None


def test_what_comes_back_of_another_routers_permit_is_owed_to_it() -> None:
    account = shop(next(router for router in ROUTERS if shop(router).home is not None), limited(tokens=600))
    assert account.requests is not None
    level = account.requests.level
    request = RoutingRequest(account=account, prompt_tokens=50, max_output_tokens=50, arrived=0.0, expected_tokens=100)
    admission.charge(request, Permit(away=True))
    assert (request.paid_request, request.reserved_tokens) == (True, 100)
    admission.settle(request, 130)
    admission.give_back_request(request)
    assert (account.owed_requests, account.owed_tokens, account.requests.level) == (1, -30, level)


def test_a_permit_of_another_router_is_final_here() -> None:
    """The level here is not consulted, and nothing is taken twice."""
    account = shop(next(router for router in ROUTERS if shop(router).home is not None))
    assert account.requests is not None
    gate = Admission(DispatcherConfig(routing=RoutingSettings(tenants=(account.tenant,))), TokenExpectations())
    level = account.requests.level

    def judged(permit: Permit) -> RefusalReason | None:
        request = RoutingRequest(
            account=account, prompt_tokens=50, max_output_tokens=50, arrived=0.0, expected_tokens=100
        )
        admission.charge(request, permit)
        refused = gate.refusal(request, 0.0)
        return None if refused is None else refused.reason

    assert judged(Permit(away=True)) is None
    assert judged(Permit(away=True, refused=RefusalReason.REQUEST_RATE, seconds=9.0)) is RefusalReason.REQUEST_RATE
    assert account.requests.level == level
