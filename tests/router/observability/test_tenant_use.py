"""A tenant's use in the last minute is the difference to its earlier use."""

from fairlead.router.observability.series import TenantTotal
from fairlead.router.observability.tenant_use import NOTHING, TenantUse, UsedTokens


def test_a_minute_moves_on_in_steps_of_ten_seconds() -> None:
    totals: dict[str, TenantTotal] = {}
    use = TenantUse(totals)
    assert use.last_minute("shop") == NOTHING
    shop = totals["shop"] = TenantTotal()
    shop.requests, shop.tokens = 1, 10
    assert use.last_minute("shop") == UsedTokens(1, 10)
    for second in range(0, 121, 5):
        use.sweep(float(second))
        if second < 60:
            shop.requests += 1
            shop.tokens += 10
    assert use.last_minute("shop") == NOTHING
    shop.requests += 2
    assert use.last_minute("shop") == UsedTokens(2, 0)
    assert use.last_minute("bank") == NOTHING


def test_what_came_before_the_first_note_is_use_of_the_last_minute_too() -> None:
    """A router without CPU time notes the first totals late."""
    shop = TenantTotal()
    shop.requests, shop.tokens = 1, 10
    use = TenantUse({"shop": shop})
    for second in range(0, 60, 10):
        use.sweep(float(second))
        assert use.last_minute("shop") == UsedTokens(1, 10)
    use.sweep(60.0)
    assert use.last_minute("shop") == NOTHING
