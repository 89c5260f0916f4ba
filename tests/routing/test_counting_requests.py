"""Requests that only count tokens: no model computes any, so they take none of a tenant's rate."""

from dataclasses import replace

from fairlead.routing import admission
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from tests.routing.test_admission import account, chain, request_of


def test_what_only_counts_tokens_takes_none() -> None:
    shop = account(tokens_per_minute=1000)
    gate = chain(whose=shop)
    for only_counts, used in ((True, 0), (False, 900)):
        request = replace(request_of(shop, 900, 0), only_counts=only_counts)
        assert gate.refusal(request, 0.0) is None
        assert shop.tokens is not None
        assert shop.tokens.level == 1000 - used, "while it runs, too"
        assert admission.uncounted(request, AttemptEnding.DONE) == used
        admission.settle(request, 0)


def test_a_tenant_without_tokens_left_may_still_count_them() -> None:
    shop = account(tokens_per_minute=1000)
    gate = chain(whose=shop)
    assert gate.refusal(request_of(shop, 990, 10), 0.0) is None
    refused = gate.refusal(request_of(shop, 100, 10), 0.0)
    assert refused is not None
    assert refused.reason is RefusalReason.TOKEN_RATE
    assert gate.refusal(replace(request_of(shop, 900, 0), only_counts=True), 0.0) is None
