"""Which tenants take more than their share of what is in flight while others are active."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.tenants import Tenant
from fairlead.routing.accounts import Account
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.tenant_occupancy import ACTIVE_SECONDS, ShareUse, TenantOccupancy


def account(name: str, weight: int = 1, rank: int = 0) -> Account:
    return Account(Tenant(name=name, keys=(), weight=weight), rank=rank)


def test_a_tenant_alone_has_no_share_to_exceed() -> None:
    use = TenantOccupancy().of(account("one"), 0.0)
    use.charge(1000)
    assert use.share(1000) is ShareUse.ALONE


def test_beside_another_one_it_has_its_part_by_weight() -> None:
    at = TenantOccupancy()
    heavy, light = at.of(account("heavy", weight=3), 0.0), at.of(account("light"), 0.0)
    heavy.charge(200)
    light.charge(100)
    assert heavy.share(100) is ShareUse.WITHIN
    assert light.share(1) is ShareUse.ABOVE
    light.charge(-100)
    assert light.share(1) is ShareUse.WITHIN
    assert heavy.share(1) is ShareUse.ABOVE


def test_a_tenant_with_nothing_in_flight_waits_for_its_first_unless_that_is_usual() -> None:
    at = TenantOccupancy()
    waiting, *others = (at.of(account(name), 0.0) for name in ("one", "two", "three"))
    seen = list[bool]()
    for tokens in (10, 10, 10, -10):  # two requests among three tenants, and one more for a while
        others[len(seen) % 2].charge(tokens)
        seen.append(waiting.waits_for_its_first)
    assert seen == [False, False, True, False]
    assert not others[0].waits_for_its_first


def test_a_tenant_that_no_longer_comes_has_no_share_once_its_last_request_ended() -> None:
    at, quiet, busy = TenantOccupancy(), account("quiet"), account("busy")
    at.of(quiet, 0.0).charge(10)
    use = at.of(busy, 0.0)
    assert at.of(busy, 2 * ACTIVE_SECONDS).share(1) is ShareUse.WITHIN
    at.of(quiet, 2 * ACTIVE_SECONDS).charge(-10)
    assert at.of(busy, 4 * ACTIVE_SECONDS) is use
    assert use.share(1) is ShareUse.ALONE


def test_a_tenant_whose_requests_wait_keeps_its_share_however_long_they_do() -> None:
    at, waiting, busy = TenantOccupancy(), account("waiting"), account("busy")
    use, request = (
        at.of(waiting, 0.0),
        RoutingRequest(account=waiting, prompt_tokens=1, max_output_tokens=1, arrived=0.0),
    )
    request.tenant_use = use
    request.count_queued(1)
    beside = at.of(busy, 2 * ACTIVE_SECONDS)
    beside.charge(10)
    assert (beside.share(1), use.share(1)) == (ShareUse.ABOVE, ShareUse.WITHIN)
    request.count_queued(-1)
    assert at.of(busy, 4 * ACTIVE_SECONDS).share(1) is ShareUse.ALONE


def test_bands_have_shares_of_their_own() -> None:
    at = TenantOccupancy()
    assert at.of(account("high", rank=0), 0.0).share(1) is ShareUse.ALONE
    assert at.of(account("low", rank=1), 0.0).share(1) is ShareUse.ALONE


def test_a_changed_weight_or_band_counts_from_the_next_request_on() -> None:
    at, changed, other = TenantOccupancy(), account("changed"), account("other")
    before, beside = at.of(changed, 0.0), at.of(other, 0.0)
    before.charge(100)
    changed.tenant = Tenant(name="changed", keys=(), weight=4)
    after = at.of(changed, 0.0)
    assert after is not before
    assert after.share(100) is ShareUse.WITHIN
    before.charge(-100)
    changed.rank = 1
    assert at.of(changed, 0.0).share(1) is ShareUse.ALONE
    assert beside.share(1) is ShareUse.ALONE


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(0, 100)), min_size=2, max_size=8))
def test_never_are_all_active_tenants_above_their_share(found: list[tuple[int, int, int]]) -> None:
    at = TenantOccupancy()
    uses = [at.of(account(f"tenant-{place}", weight), 0.0) for place, (_, weight, _) in enumerate(found)]
    for use, (turns, _, tokens) in zip(uses, found, strict=True):
        for _ in range(turns):
            use.charge(tokens)
    assert any(use.share(0) is ShareUse.WITHIN for use in uses)
