"""Tenants as accounts: identity, and what outlives a change of configuration."""

from hashlib import sha256
from math import inf

from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Band, Tenant
from fairlead.routing.accounts import UNKNOWN, Account, Accounts
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal

KEY = sha256(b"a-key").digest()
BANDS = (Band(name="iron", priority=1), Band(name="gold", priority=9))


def terms(*tenants: Tenant, routers: int = 1, shadow: bool = False) -> DispatcherConfig:
    routing = RoutingSettings(tenants=tenants, bands=BANDS, limits=TrafficLimits(shadow=shadow))
    return DispatcherConfig(routing=routing, routers=routers, keys={KEY: "shop"})


def account(accounts: Accounts) -> Account:
    found = accounts.of(KEY)
    assert not isinstance(found, Refusal)
    return found


def test_without_tenants_everybody_is_one_account_with_and_without_a_key() -> None:
    accounts = Accounts()
    accounts.take(terms(), now=0.0)
    assert account(accounts) is accounts.of(None)
    assert accounts.all == (account(accounts),)
    assert (account(accounts).name, account(accounts).rank) == ("", 1)


def test_with_tenants_a_key_identifies_its_tenant_and_a_missing_or_unknown_key_is_refused() -> None:
    accounts = Accounts()
    accounts.take(terms(Tenant(name="shop", keys=(), band="gold")), now=0.0)
    assert (account(accounts).name, account(accounts).rank) == ("shop", 0)
    assert accounts.of(None) is UNKNOWN
    assert accounts.of(sha256(b"another").digest()) is UNKNOWN


def test_a_key_of_a_tenant_that_is_not_configured_is_unknown() -> None:
    accounts = Accounts()
    accounts.take(terms(Tenant(name="bank", keys=())), now=0.0)
    assert accounts.of(KEY) is UNKNOWN


def test_a_tenant_without_a_band_is_in_the_lowest() -> None:
    accounts = Accounts()
    accounts.take(terms(Tenant(name="shop", keys=())), now=0.0)
    assert account(accounts).rank == 1


def test_each_of_three_routers_has_a_third_and_concurrency_is_rounded_up() -> None:
    accounts = Accounts()
    accounts.take(terms(Tenant(name="shop", keys=(), max_concurrency=4, tokens_per_minute=900), routers=3), now=0.0)
    shop = account(accounts)
    assert shop.tokens is not None
    assert (shop.max_inflight, shop.tokens.per_minute, shop.requests) == (2, 300.0, None)


def test_counters_outlive_a_change_of_configuration() -> None:
    accounts = Accounts()
    accounts.take(terms(Tenant(name="shop", keys=(), max_concurrency=4)), now=0.0)
    before = account(accounts)
    before.over_concurrency = 7
    accounts.take(terms(Tenant(name="shop", keys=()), shadow=True), now=1.0)
    assert account(accounts) is before
    assert (before.over_concurrency, before.max_inflight, before.shadow) == (7, inf, True)


def test_what_shadow_mode_counted_never_falls_whichever_tenants_come_and_go() -> None:
    """Prometheus takes a counter that falls for one that began anew, and adds all that is left to what was counted."""
    accounts, shop, bank = Accounts(), Tenant(name="shop", keys=()), Tenant(name="bank", keys=())
    for number, tenants in enumerate([(), (shop, bank), (bank,), ()]):
        accounts.take(terms(*tenants, shadow=True), now=0.0)
        for one in accounts.all:
            one.shadowed[RefusalReason.TOKEN_RATE] += 1
        assert accounts.shadowed[RefusalReason.TOKEN_RATE] == (1, 3, 4, 5)[number]


def test_the_open_account_is_the_same_after_tenants_were_added_and_removed() -> None:
    accounts = Accounts()
    accounts.take(terms(), now=0.0)
    before = account(accounts)
    accounts.take(terms(Tenant(name="shop", keys=())), now=1.0)
    assert accounts.of(None) is UNKNOWN
    accounts.take(terms(), now=2.0)
    assert account(accounts) is before
