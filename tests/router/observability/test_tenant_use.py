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
