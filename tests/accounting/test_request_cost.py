"""A request costs the sum of its attempts, each by what it used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.accounting.replica_meter import AttemptCost
from fairlead.accounting.request_cost import CostParts, metered_parts, priced_parts
from fairlead.accounting.token_rates import TokenRates, TokensUsed
from tests.accounting.costs import OUTSIDE, attempt, request


def test_failed_cut_and_answered_attempts_add_up() -> None:
    cut = attempt(cost=0.1, answered=False)
    made = request(cut, attempt(cost=0.2, retry=True, answered=False), attempt(OUTSIDE, 0.5))
    assert made.total == 0.8
    assert request().total == 0


def test_the_time_to_the_first_token_is_for_the_tokens_that_were_computed_and_a_little_for_those_found() -> None:
    metered = AttemptCost(prefill=1.04, decode=2.0)
    parts = metered_parts(metered, TokensUsed(prompt=200, cached=100, output=10))
    assert (parts.prefill, parts.cached, parts.decode) == pytest.approx((1.0, 0.04, 2.0))
    assert metered_parts(metered, TokensUsed()) == CostParts(prefill=1.04, decode=2.0)


def test_an_external_api_is_paid_by_its_prices() -> None:
    rates = TokenRates(request=0.5, prompt=1.0, cached=0.25, output=2.0)
    assert priced_parts(rates, TokensUsed(prompt=10, cached=4, output=3)) == CostParts(
        prefill=6.5, cached=1.0, decode=6.0
    )


@given(st.floats(0, 5), st.floats(0, 5), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_parts_are_always_the_whole(prefill: float, decode: float, prompt: int, cached: int, output: int) -> None:
    used = TokensUsed(prompt=prompt, cached=cached, output=output)
    metered = AttemptCost(prefill=prefill, decode=decode)
    rates = TokenRates(request=1e-3, prompt=1e-6, cached=1e-7, output=1e-5)
    for parts, whole in ((metered_parts(metered, used), metered.total), (priced_parts(rates, used), rates.cost(used))):
        assert min(parts.prefill, parts.cached, parts.decode) >= 0
        assert parts.prefill + parts.cached + parts.decode == pytest.approx(whole)
