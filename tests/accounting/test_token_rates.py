"""What tokens cost: prices of other APIs, ceilings of our own replicas, learnt weights and times."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.accounting.token_rates import TokenRates, TokensUsed, external_rates, replica_rates
from fairlead.accounting.token_times import CHOSEN, MARGIN, TokenTimes
from fairlead.fleet.model_routes import TokenPrices


def test_an_external_api_takes_what_it_says_for_a_million_tokens() -> None:
    rates = external_rates(TokenPrices(prompt=Decimal("2.50"), cached=Decimal("1.25"), output=Decimal(10)))
    used = TokensUsed(prompt=1_000_000, cached=400_000, output=100_000)
    assert rates.cost(used) == pytest.approx(1.5 + 0.5 + 1.0)


def test_cached_tokens_without_a_price_of_their_own_cost_what_others_do() -> None:
    rates = external_rates(TokenPrices(prompt=Decimal(1)))
    assert rates.cost(TokensUsed(prompt=1_000_000, cached=1_000_000)) == pytest.approx(1.0)
    assert TokenRates(prompt=1.0, cached=0.1).cost(TokensUsed(prompt=1, cached=5)) == 0.1


def test_a_replica_without_measurements_has_the_chosen_ceiling() -> None:
    rates = replica_rates(3600.0, TokenTimes())
    assert rates == TokenRates(
        request=CHOSEN.request, prompt=CHOSEN.prefill, cached=CHOSEN.cached, output=CHOSEN.decode
    )


def test_times_are_learned_from_requests_and_the_ceiling_follows_with_its_margin() -> None:
    times = TokenTimes()
    for _ in range(100):
        times.learn(uncached=1000, first_token_seconds=0.1, output=101, decode_seconds=2.0)
    assert (times.prefill, times.decode) == pytest.approx((0.0001, 0.02))
    rates = replica_rates(3600.0, times)
    assert rates.prompt == pytest.approx(0.0001 * MARGIN)
    assert rates.output == pytest.approx(0.02 * MARGIN)
    assert rates.cached < rates.prompt


def test_requests_that_say_nothing_teach_nothing() -> None:
    times = TokenTimes()
    times.learn(uncached=0, first_token_seconds=0.1, output=1, decode_seconds=0.0)
    times.learn(uncached=5, first_token_seconds=-1.0, output=5, decode_seconds=-1.0)
    assert times.slowest() is CHOSEN


def test_a_long_prompt_weighs_more_than_a_short_one_and_none_less_than_a_sequence() -> None:
    times = TokenTimes(prefill=0.0001, decode=0.02)
    assert times.prefill_weight(uncached=10, cached=0, inflight=1) == 1.0
    assert times.prefill_weight(uncached=2048, cached=0, inflight=10) == pytest.approx(102.4)
    assert times.prefill_weight(uncached=100_000, cached=0, inflight=10) == pytest.approx(102.4)
    assert 1.0 <= times.prefill_weight(uncached=0, cached=2048, inflight=10) < 5
    assert TokenTimes(decode=0.0).prefill_weight(1000, 0, 1) == 1.0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5))
def test_a_ceiling_never_falls_when_a_request_takes_more(prompt: int, cached: int, output: int) -> None:
    rates = replica_rates(2.1, TokenTimes())
    cost = rates.cost(TokensUsed(prompt=prompt, cached=cached, output=output))
    assert cost <= rates.cost(TokensUsed(prompt=prompt + 1, cached=cached, output=output + 1))
    assert cost <= rates.cost(TokensUsed(prompt=prompt, output=output)) + 1e-12
