"""Which target answers: one, by weights, by rules, by a cascade; and its fallbacks."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.model_routes import (
    Difficulty,
    FallbackChain,
    FallbackReason,
    ModelRoute,
    RequestConditions,
    RouteStrategy,
)
from fairlead.routing.models import fallback
from fairlead.routing.models.model_table import ModelTable
from fairlead.routing.models.route_choice import RouteChoice
from fairlead.routing.models.route_facts import RouteFacts
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from tests.routing.models.routes import (
    LARGE,
    LONG,
    ON_OVERLOAD,
    OUTSIDE,
    SMALL,
    cascaded,
    chosen,
    ruled,
    single,
    weighted,
)

CHAT = RouteFacts(model="chat")


def test_a_model_of_one_target_gets_the_same_ready_choice_every_time() -> None:
    route = single()
    table = ModelTable((route, single("other", LARGE)))
    assert chosen(table, CHAT) == RouteChoice(route="chat", target=SMALL, settings=route)
    assert table.choose(CHAT, 0.9) is table.fixed("chat")
    assert table.names == ("chat", "other")


def test_an_unknown_model_is_refused_without_naming_the_models_of_others() -> None:
    table = ModelTable((single("secret-model"), single("other")))
    assert table.choose(RouteFacts(model="gpt"), 0.0) == Refusal(
        reason=RefusalReason.MODEL_NOT_FOUND,
        message="model: gpt: there is no such model here; GET /v1/models lists those that you may use.",
        param="model",
    )
    none = table.choose(RouteFacts(model=""), 0.0)
    assert isinstance(none, Refusal)
    assert none.message == "the request names no model; GET /v1/models lists those that you may use."


def test_a_refusal_stays_short_whatever_the_name() -> None:
    refused = ModelTable(()).choose(RouteFacts(model="m" * 10_000), 0.0)
    assert isinstance(refused, Refusal)
    assert len(refused.message) <= 240


def test_a_request_that_names_no_model_gets_the_only_one() -> None:
    assert chosen(ModelTable((single(),)), RouteFacts(model="")).target == SMALL
    assert chosen(ModelTable((weighted(large=1),)), RouteFacts(model="")).target == LARGE


def test_of_two_routes_of_one_name_the_first_counts_and_a_route_without_a_target_is_left_out() -> None:
    table = ModelTable(
        (
            single(),
            single(target=LARGE),
            single("none", None),
            ModelRoute(name="unruled", strategy=RouteStrategy.RULES),
            ModelRoute(name="uncascaded", strategy=RouteStrategy.CASCADE),
            ModelRoute(name="unweighted", strategy=RouteStrategy.WEIGHTED),
        )
    )
    assert table.names == ("chat",)
    assert chosen(table, CHAT).target == SMALL


def test_weights_share_requests_by_chance_and_weight_0_gets_none() -> None:
    table = ModelTable((weighted(small=3, none=0, large=1),))
    targets = Counter(chosen(table, CHAT, number / 1000).target for number in range(1000))
    assert targets == {SMALL: 750, LARGE: 250}
    assert chosen(table, CHAT, 1.0).target == LARGE
    assert table.fixed("chat") is None


@given(st.integers(1, 2**63), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_a_session_always_stays_with_its_target(session: int, one: float, other: float) -> None:
    facts = RouteFacts(model="chat", session=session)
    table = ModelTable((weighted(small=3, large=1),))
    again = ModelTable((weighted(large=1, small=3),))
    assert chosen(table, facts, one).target == chosen(again, facts, other).target


def test_sessions_are_shared_by_the_weights() -> None:
    table = ModelTable((weighted(small=3, large=1),))
    targets = Counter(chosen(table, RouteFacts(model="chat", session=key)).target for key in range(1, 8001))
    assert 5800 < targets[SMALL] < 6200


@given(st.integers(1, 2**63), st.integers(1, 50), st.integers(0, 50))
def test_a_larger_weight_only_ever_draws_sessions_to_its_target(session: int, before: int, more: int) -> None:
    facts = RouteFacts(model="chat", session=session)
    old = chosen(ModelTable((weighted(small=10, large=before, long=5),)), facts).target
    new = chosen(ModelTable((weighted(small=10, large=before + more, long=5),)), facts).target
    assert new in (old, LARGE)


@pytest.mark.parametrize(
    ("conditions", "holds", "does_not"),
    [
        (RequestConditions(), CHAT, None),
        (RequestConditions(structured_output=True), RouteFacts(model="chat", structured_output=True), CHAT),
        (RequestConditions(structured_output=False), CHAT, RouteFacts(model="chat", structured_output=True)),
        (RequestConditions(tools=True), RouteFacts(model="chat", tools=True), CHAT),
        (RequestConditions(min_prompt_tokens=100), RouteFacts(model="chat", prompt_tokens=100), CHAT),
        (RequestConditions(max_prompt_tokens=100), CHAT, RouteFacts(model="chat", prompt_tokens=101)),
        (RequestConditions(min_output_tokens=9), RouteFacts(model="chat", output_tokens=9), CHAT),
        (RequestConditions(max_output_tokens=9), RouteFacts(model="chat", output_tokens=9), CHAT),
        (
            RequestConditions(max_output_tokens=9),
            RouteFacts(model="chat", output_tokens=1),
            RouteFacts(model="chat", output_tokens=10),
        ),
        (RequestConditions(tenants=frozenset({"a"})), RouteFacts(model="chat", tenant="a"), CHAT),
        (RequestConditions(tasks=frozenset({"sort"})), RouteFacts(model="chat", task="sort"), CHAT),
        (RequestConditions(difficulty=Difficulty.HARD), RouteFacts(model="chat", difficulty=Difficulty.HARD), CHAT),
        (RequestConditions(difficulty=Difficulty.EASY), CHAT, RouteFacts(model="chat", difficulty=Difficulty.HARD)),
        (
            RequestConditions(tools=True, min_prompt_tokens=9),
            RouteFacts(model="chat", tools=True, prompt_tokens=9),
            RouteFacts(model="chat", tools=True),
        ),
    ],
)
def test_a_rule_holds_when_all_its_conditions_do(
    conditions: RequestConditions, holds: RouteFacts, does_not: RouteFacts | None
) -> None:
    table = ModelTable((ruled(("it", conditions, LARGE)),))
    assert (chosen(table, holds).target, chosen(table, holds).rule) == (LARGE, "it")
    if does_not is not None:
        assert (chosen(table, does_not).target, chosen(table, does_not).rule) == (SMALL, None)


def test_the_first_rule_that_holds_decides() -> None:
    table = ModelTable(
        (
            ruled(
                ("long", RequestConditions(min_prompt_tokens=1000), LONG),
                ("hard", RequestConditions(difficulty=Difficulty.HARD), LARGE),
            ),
        )
    )
    assert chosen(table, RouteFacts(model="chat", prompt_tokens=2000, difficulty=Difficulty.HARD)).target == LONG
    assert chosen(table, RouteFacts(model="chat", prompt_tokens=20, prompt=b"Prove the theorem. Why?")).rule == "hard"


def test_a_cascade_begins_small_and_its_chain_goes_on_to_the_fallback_without_repeating_a_target() -> None:
    chain = FallbackChain(targets=(LARGE, OUTSIDE, OUTSIDE, SMALL))
    choice = chosen(ModelTable((cascaded(SMALL, LONG, LARGE, fallback=chain),)), CHAT)
    assert (choice.target, choice.chain, choice.escalations) == (SMALL, (LONG, LARGE, OUTSIDE), 2)


def test_an_answer_that_does_not_pass_goes_up_the_cascade_and_no_further() -> None:
    choice = chosen(ModelTable((cascaded(SMALL, LARGE, fallback=FallbackChain(targets=(OUTSIDE,))),)), CHAT)
    assert fallback.next_escalation(choice, (SMALL,)) == LARGE
    assert fallback.next_escalation(choice, (SMALL, LARGE)) is None
    assert fallback.next_for_invalid(choice, (SMALL, LARGE)) == OUTSIDE
    assert fallback.next_for_invalid(choice, (SMALL, LARGE, OUTSIDE)) is None


def test_the_fallback_is_for_the_reasons_that_it_lists_and_a_cascade_for_all() -> None:
    chain = FallbackChain(targets=(LONG, OUTSIDE), reasons=ON_OVERLOAD)
    plain = chosen(ModelTable((single(fallback=chain),)), CHAT)
    assert fallback.next_target(plain, (SMALL,), FallbackReason.QUEUE_FULL) == LONG
    assert fallback.next_target(plain, {SMALL, LONG}, FallbackReason.UNAVAILABLE) == OUTSIDE
    assert fallback.next_target(plain, {SMALL, LONG, OUTSIDE}, FallbackReason.UNAVAILABLE) is None
    assert fallback.next_target(plain, (SMALL,), FallbackReason.TIMEOUT) is None
    steps = chosen(ModelTable((cascaded(SMALL, LARGE, fallback=chain),)), CHAT)
    assert fallback.next_target(steps, (SMALL,), FallbackReason.TIMEOUT) == LARGE
    assert fallback.next_target(steps, (SMALL, LARGE), FallbackReason.TIMEOUT) is None
    alone = chosen(ModelTable((single(),)), CHAT)
    assert fallback.next_target(alone, (SMALL,), FallbackReason.UNAVAILABLE) is None


@given(st.lists(st.sampled_from((SMALL, LARGE, LONG, OUTSIDE)), min_size=1), st.sampled_from(FallbackReason))
def test_following_the_chain_always_ends_and_never_meets_a_target_twice(
    targets: list[str], reason: FallbackReason
) -> None:
    chain = FallbackChain(targets=(OUTSIDE, LONG, SMALL), reasons=frozenset(FallbackReason))
    choice = chosen(ModelTable((cascaded(*targets, fallback=chain),)), CHAT)
    tried = [choice.target]
    while (after := fallback.next_target(choice, tried, reason)) is not None:
        tried.append(after)
    assert len(tried) == len(set(tried))
    assert set(tried) == {*targets, OUTSIDE, LONG, SMALL}
