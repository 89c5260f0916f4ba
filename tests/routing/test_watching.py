"""When an engine counts as hung, when to hedge, expected replies, and how many retries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import Hedging
from fairlead.routing import expectations, hedge_policy, watchdog
from fairlead.routing.endpoint import EndpointSample
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.hedge_policy import HedgePolicy
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.retries import MAX_SAVED, RetryBudget
from tests.routing.engines import request_of, sent, table

CAP = 60.0


def test_an_engine_without_work_is_never_hung() -> None:
    made = table("a")
    assert watchdog.hang_reason(made.endpoints[0], 1e6, CAP) is None


def test_an_engine_without_measurements_has_until_the_first_token_timeout_before_it_counts_as_hung() -> None:
    made = table("a")
    engine = sent(made, request_of(), 0.0)
    assert watchdog.hang_reason(engine, 59.0, CAP) is None
    hang_reason = watchdog.hang_reason(engine, 61.0, CAP)
    assert hang_reason == "no progress for 61 s with 1 request in flight; its limit is 60 s"


def test_an_engine_that_produces_tokens_while_probes_wait_is_busy_and_does_not_hang() -> None:
    made = table("a")
    (engine,) = made.endpoints
    made.failed(engine, "no first token within 60 s", at_once=True)
    for progress_at, sent_at, since in (
        (30.0, 10.0, None),
        (30.0, 80.0, 80.0),
        (30.0, 150.0, 80.0),
        (100.0, 150.0, 150.0),
        (230.0, 220.0, None),
    ):
        engine.progress_at = progress_at
        made.probe_failed(engine, "no token within 60 s", sent_at)
        assert engine.hung_since == since


def test_an_engine_that_is_known_to_be_quick_counts_as_hung_sooner_but_not_before_the_floor() -> None:
    made = table("a")
    for _ in range(3):
        request = request_of(tokens=1000)
        engine = sent(made, request, 0.0)
        made.first_token(request, 0.2)
        made.give_back(request, AttemptEnding.DONE, 1.0)
    engine = sent(made, request_of(tokens=1000), 10.0)
    assert watchdog.hang_reason(engine, 19.0, CAP) is None
    assert watchdog.hang_reason(engine, 21.0, CAP) is not None
    assert watchdog.hang_reason(engine, 13.0, 2.0) is not None


def test_one_long_prompt_stretches_the_patience_of_its_engine() -> None:
    made = table("a")
    request = request_of(tokens=1000)
    engine = sent(made, request, 0.0)
    made.first_token(request, 0.2)
    sent(made, request_of(tokens=60_000), 10.0)
    assert watchdog.silence_limit(engine, CAP) == pytest.approx(4 * 0.0002 * (60_000 + 64))
    assert watchdog.hang_reason(engine, 48.0, CAP) is None


def test_the_time_scale_of_short_prompts_is_learned_separately_and_a_slow_hour_is_forgotten() -> None:
    made = table("a")
    (engine,) = made.endpoints
    watchdog.learn(engine, 5.0, 10)
    assert watchdog.silence_limit(engine, CAP) == 20.0
    for _ in range(300):
        watchdog.learn(engine, 0.1, 10)
    assert watchdog.silence_limit(engine, CAP) == watchdog.FLOOR_SECONDS


def test_a_cache_that_moves_is_a_sign_of_life_and_a_growing_queue_is_none() -> None:
    made = table("a")
    engine = sent(made, request_of(), 0.0)
    for at, waiting, usage in ((20.0, 1, 0.5), (40.0, 2, 0.5)):
        made.apply_sample(engine, EndpointSample(at=at, running=1, waiting=waiting, kv_usage=usage))
    assert engine.progress_at == 0.0
    made.apply_sample(engine, EndpointSample(at=60.0, running=1, waiting=2, kv_usage=0.51))
    assert engine.progress_at == 60.0


def test_replies_are_expected_as_they_were_for_this_tenant_and_never_beyond_what_it_allows() -> None:
    made = TokenExpectations()
    assert made.reply("shop", 4096) == expectations.REPLY_GUESS
    for _ in range(50):
        made.replied("shop", 20)
    assert (made.reply("shop", 4096), made.reply("shop", 5)) == (20, 5)
    assert made.reply("new", 4096) == int(made.anybody) == 20


def test_a_change_of_use_is_followed() -> None:
    made = TokenExpectations()
    for tokens in [20] * 100 + [400] * 300:
        made.replied("shop", tokens)
    assert 390 < made.reply("shop", 4096) <= 400


def test_tenants_beyond_a_bound_share_one_mean() -> None:
    made = TokenExpectations()
    for number in range(expectations.MAX_NAMES + 1):
        made.replied(str(number), 7)
    assert made.reply(str(expectations.MAX_NAMES), 100) == 7


def test_bytes_per_token_are_learned_weighted_by_prompt_size() -> None:
    made = TokenExpectations()
    assert (made.of("shop").tokens(400), made.block_tokens) == (101, 128.0)
    for _ in range(20):
        made.measured("shop", 3 * 50_000, 50_000)
    made.measured("shop", 0, 5)
    made.measured("shop", 5000, 0)
    assert made.of("shop").value == pytest.approx(3, rel=0.01)
    assert made.block_tokens == pytest.approx(512 / 3, rel=0.01)


def test_a_tenants_prompts_are_estimated_by_its_own() -> None:
    """Others' may be digits, or hide text that only engines count: its own must not be refused for it."""
    made = TokenExpectations()
    for _ in range(50):
        made.measured("evil", 4000, 60_000)
    assert made.of("evil").value == 0.5
    assert made.of("shop").tokens(6000) == 1501
    made.measured("shop", 50_000, 10_000)
    assert made.of("shop").tokens(6000) == pytest.approx(1280, rel=0.02)


def test_tenants_beyond_a_bound_are_estimated_as_if_nothing_was_measured() -> None:
    made = TokenExpectations()
    for number in range(expectations.MAX_NAMES + 1):
        made.measured(str(number), 500_000, 250_000)
    assert made.of("0").value == pytest.approx(2, rel=0.02)
    assert made.of(str(expectations.MAX_NAMES)).value == expectations.BYTES_A_TOKEN


def test_a_template_around_a_tiny_prompt_says_nothing_about_a_long_one() -> None:
    made = TokenExpectations()
    for _ in range(5000):
        made.measured("shop", 20, 132)
    assert made.of("shop").tokens(18_000) == 4_501


def test_bytes_of_a_token_stay_within_reason() -> None:
    made = TokenExpectations()
    made.measured("shop", 10**9, 1)
    assert made.of("shop").value == made.bytes_a_token.value == 16.0
    for _ in range(400):
        made.measured("shop", 3000, 10**6)
    assert made.of("shop").value == made.bytes_a_token.value == 0.5


def test_hedges_are_opt_in_and_sent_after_a_set_time_or_after_a_learned_one() -> None:
    made = HedgePolicy()
    on = Hedging(enabled=True)
    assert made.maybe_after(Hedging(), 100) is None
    assert made.maybe_after(Hedging(enabled=True, after_seconds=1.5), 100) == 1.5
    assert made.maybe_after(on, 100) is None
    for number in range(4000):
        made.saw(100, 0.2 if number % 50 else 3.0)
    after = made.maybe_after(on, 100)
    assert after is not None
    assert 0.15 < after < 0.6
    assert made.maybe_after(on, 10_000) is None
    for _ in range(4000):
        made.saw(100, 0.001)
    assert made.maybe_after(on, 100) == hedge_policy.MIN_SECONDS


@given(st.lists(st.booleans(), max_size=300), st.floats(0, 1))
def test_retries_and_hedges_are_never_more_than_their_share_and_what_a_quiet_time_saved(
    tries: list[bool], share: float
) -> None:
    budget, hedges, retried, hedged = RetryBudget(), HedgePolicy(), 0, 0
    for wanted in tries:
        budget.add_share(share)
        hedges.add_share(share)
        if wanted:
            retried += budget.maybe_spend(free=False)
            hedged += hedges.maybe_spend()
    assert retried <= MAX_SAVED + share * len(tries) + 1e-6
    assert hedged <= hedge_policy.MAX_SAVED + share * len(tries) + 1e-6


def test_sending_on_what_no_engine_took_costs_nothing() -> None:
    budget = RetryBudget()
    assert all(budget.maybe_spend(free=True) for _ in range(100))
    assert [budget.maybe_spend(free=False) for _ in range(11)] == [True] * 10 + [False]


def test_hedges_end_with_what_was_saved() -> None:
    made = HedgePolicy()
    assert [made.maybe_spend() for _ in range(11)] == [True] * 10 + [False]
