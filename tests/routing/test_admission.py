"""What is admitted, and the message for what is not."""

from dataclasses import replace

import pytest

from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Tenant
from fairlead.routing import admission, rates
from fairlead.routing.accounts import Account
from fairlead.routing.admission import UNLIMITED_OUTPUT, Admission
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.expectations import REPLY_GUESS, TokenExpectations
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.served_model import ServedModel

LIMITS = TrafficLimits(max_prompt_tokens=1000, max_output_tokens=500)
MODEL = ServedModel(names=("chat", "legal"), adapters=frozenset({"legal"}), max_context_tokens=4096)


def account(name: str = "shop", *, shadow: bool = False, **limits: object) -> Account:
    """One tenant at the only router."""
    tenant = Tenant(name=name, keys=(), **limits)  # type: ignore[arg-type]
    made = Account(tenant=tenant, shadow=shadow)
    made.tokens = rates.changed(None, tenant.tokens_per_minute, 1, 0.0)
    made.requests = rates.changed(None, tenant.requests_per_minute, 1, 0.0)
    return made


def chain(limits: TrafficLimits = LIMITS, model: ServedModel = MODEL, whose: Account | None = None) -> Admission:
    tenants = (whose.tenant,) if whose else ()
    return Admission(
        DispatcherConfig(routing=RoutingSettings(limits=limits, tenants=tenants), model=model), TokenExpectations()
    )


def request_of(whose: Account, prompt: int = 100, output: int | None = 10, *, counted: bool = False) -> RoutingRequest:
    answer = output is not None
    return RoutingRequest(
        account=whose,
        prompt_tokens=prompt,
        max_output_tokens=output or 0,
        names_output=answer,
        counted=counted,
        arrived=0.0,
    )


def refused(gate: Admission, request: RoutingRequest, now: float = 0.0) -> Refusal:
    found = gate.refusal(request, now)
    assert found is not None
    return found


def test_what_is_within_every_limit_comes_in() -> None:
    assert chain().refusal(request_of(account(), 1000, 500), 0.0) is None


def test_limits_and_context_apply_to_each_of_several_answers() -> None:
    one = replace(request_of(account(), 10, 4000), answers=8)

    assert chain().refusal(one, 0.0) is None
    longer = replace(one, max_output_tokens=8 * 501)
    assert refused(chain(), longer).message.startswith("max_tokens: 501: the limit here is 500 tokens")

    longest = replace(one, max_output_tokens=8 * 4090)
    assert ", and max_tokens asks for 4,090 more;" in refused(chain(TrafficLimits()), longest).message


def test_without_limits_nothing_is_checked() -> None:
    gate = chain(TrafficLimits(), ServedModel())
    assert gate.refusal(request_of(account(tokens_per_minute=1), 10**9, 10**9), 0.0) is None
    assert gate.unserved(account(), "anything") is None
    assert not gate.needs_count(request_of(account(), 10**9))


@pytest.mark.parametrize(
    ("sent", "reason", "message", "param"),
    [
        (
            request_of(account(), 1500),
            RefusalReason.PROMPT_TOO_LONG,
            "The prompt has about 1,500 tokens; the limit here is 1,000 tokens: shorten it.",
            None,
        ),
        (
            request_of(account(), 1001, counted=True),
            RefusalReason.PROMPT_TOO_LONG,
            "The prompt has 1,001 tokens; the limit here is 1,000 tokens: shorten it.",
            None,
        ),
        (
            request_of(account(), 10, 501),
            RefusalReason.OUTPUT_TOO_LONG,
            (
                "max_tokens: 501: the limit here is 500 tokens: ask for at most that, or leave it out to get up to "
                "the limit."
            ),
            "max_tokens",
        ),
    ],
)
def test_a_request_over_a_limit_is_refused_with_field_value_limit_and_remedy(
    sent: RoutingRequest, reason: RefusalReason, message: str, param: str | None
) -> None:
    assert refused(chain(), sent) == Refusal(reason=reason, message=message, param=param)


def test_an_output_length_that_was_not_requested_is_never_too_long() -> None:
    gate = chain()
    request = request_of(account(), output=None)
    request.max_output_tokens = 10**6
    assert gate.refusal(request, 0.0) is None


def test_the_context_is_what_prompt_and_reply_share() -> None:
    gate = chain(TrafficLimits())
    assert gate.refusal(request_of(account(), 4000, 96, counted=True), 0.0) is None
    no = refused(gate, request_of(account(), 4000, 97, counted=True))
    assert no.reason is RefusalReason.CONTEXT_TOO_LONG
    assert no.message == (
        "The prompt has 4,000 tokens, and max_tokens asks for 97 more; the model's context holds 4,096 tokens, prompt "
        "and reply together: shorten the prompt or lower max_tokens."
    )


def test_a_prompt_that_leaves_no_room_for_a_reply_is_too_long_even_if_no_output_length_was_requested() -> None:
    no = refused(chain(TrafficLimits()), request_of(account(), 4096, None, counted=True))
    assert no.message.endswith("the model's context holds 4,096 tokens, prompt and reply together: shorten the prompt.")


def test_an_estimate_over_the_context_length_that_may_be_wrong_is_left_to_the_engine() -> None:
    gate = chain(TrafficLimits())
    assert gate.refusal(request_of(account(), 5000, 96), 0.0) is None
    assert refused(gate, request_of(account(), 5600, 96)).reason is RefusalReason.CONTEXT_TOO_LONG


@pytest.mark.parametrize(
    ("prompt", "counted", "needs"), [(749, False, False), (750, False, True), (2000, False, True), (2001, False, False)]
)
def test_a_prompt_is_counted_when_its_estimate_is_near_the_limit(prompt: int, *, counted: bool, needs: bool) -> None:
    assert chain().needs_count(request_of(account(), prompt, counted=counted)) is needs


def test_a_prompt_is_counted_once() -> None:
    assert not chain().needs_count(request_of(account(), 1000, counted=True))


def test_a_request_beyond_its_tenants_requests_a_minute_is_refused_with_a_retry_after() -> None:
    shop = account(requests_per_minute=2)
    gate = chain(whose=shop)
    first = request_of(shop)
    assert gate.refusal(first, 0.0) is None
    assert first.paid_request
    assert gate.refusal(request_of(shop), 0.0) is None
    no = refused(gate, request_of(shop))
    assert (no.reason, no.retry_after_seconds) == (RefusalReason.REQUEST_RATE, 30.0)
    assert no.message == "Tenant shop may send 2 requests a minute, over all routers: send it again in 30 s."


def test_tokens_are_reserved_by_what_a_reply_is_expected_to_be() -> None:
    shop = account(tokens_per_minute=1000)
    gate = chain(whose=shop)
    request = request_of(shop, 100, 500)
    assert gate.refusal(request, 0.0) is None
    assert shop.tokens is not None
    assert (request.reserved_tokens, shop.tokens.level) == (100 + REPLY_GUESS, 1000 - 100 - REPLY_GUESS)


def test_tokens_beyond_the_rate_are_refused_and_the_request_does_not_count() -> None:
    shop = account(tokens_per_minute=600, requests_per_minute=10)
    gate = chain(whose=shop)
    assert gate.refusal(request_of(shop, 600, 0), 0.0) is None
    request = request_of(shop, 60, 0)
    no = refused(gate, request)
    assert (no.reason, no.retry_after_seconds) == (RefusalReason.TOKEN_RATE, 6.0)
    assert no.message.startswith("This request is expected to take 60 tokens, and tenant shop may use 600 a minute")
    assert shop.requests is not None
    assert (shop.requests.level, request.paid_request) == (9.0, False)


def test_a_tenant_without_rates_beside_one_that_has_them_pays_nothing() -> None:
    gate = chain(whose=account(tokens_per_minute=1))
    request = request_of(account("other"))
    assert gate.refusal(request, 0.0) is None
    assert (request.reserved_tokens, request.paid_request) == (0, False)


def test_settling_gives_back_what_was_not_used_and_takes_what_was_used_beyond() -> None:
    shop = account(tokens_per_minute=1000)
    gate = chain(whose=shop)
    for used, level in ((56, 1000 - 56), (756, 1000 - 56 - 756)):
        request = request_of(shop, 100, 500)
        assert gate.refusal(request, 0.0) is None
        admission.settle(request, used)
        assert shop.tokens is not None
        assert (shop.tokens.level, request.reserved_tokens) == (level, 0)


def test_settling_exactly_changes_nothing_and_a_limit_removed_meanwhile_is_no_error() -> None:
    shop = account(tokens_per_minute=1000)
    request = request_of(shop)
    request.reserved_tokens = 40
    admission.settle(request, 40)
    assert shop.tokens is not None
    assert shop.tokens.level == 1000
    shop.tokens = shop.requests = None
    request.reserved_tokens, request.paid_request = 40, True
    admission.settle(request, 0)
    admission.give_back_request(request)
    assert (request.reserved_tokens, request.paid_request) == (0, False)


def test_limits_in_shadow_mode_count_what_they_would_refuse() -> None:
    shop = account(shadow=True, requests_per_minute=1, models=frozenset({"legal"}))
    gate = chain(whose=shop)
    for _ in range(2):
        assert gate.refusal(request_of(shop, 2000, 501), 0.0) is None
    assert gate.unserved(shop, "chat") is None
    counted = {reason: count for reason, count in shop.shadowed.items() if count}
    assert counted == {
        RefusalReason.PROMPT_TOO_LONG: 2,
        RefusalReason.OUTPUT_TOO_LONG: 2,
        RefusalReason.REQUEST_RATE: 1,
        RefusalReason.MODEL_NOT_ALLOWED: 1,
    }


def test_a_model_that_is_not_there_is_refused_with_those_that_are() -> None:
    no = chain().unserved(account(), "chatt")
    assert no == Refusal(
        reason=RefusalReason.MODEL_NOT_FOUND,
        message="model: chatt: there is no such model here; ask for one of: chat, legal.",
        param="model",
    )


def test_of_an_unknown_name_as_long_as_a_body_the_beginning_is_shown() -> None:
    no = chain().unserved(account(), "x" * 1_000_000)
    assert no is not None
    assert no.message == f"model: {'x' * 60}: there is no such model here; ask for one of: chat, legal."


def test_a_tenant_learns_no_names_of_models_that_it_may_not_use() -> None:
    """A misspelt name must not tell it which adapters other tenants have."""

    def message(whose: Account) -> str:
        no = chain().unserved(whose, "chatt")
        assert no is not None
        return no.message.removeprefix("model: chatt: there is no such model here; ")

    assert message(account(models=frozenset({"chat"}))) == "ask for one of: chat."
    assert message(account(models=frozenset({"chat"}), shadow=True)) == "ask for one of: chat, legal."
    nothing = "none that is served is among tenant shop's models: have one added."
    assert message(account(models=frozenset({"gone"}))) == nothing


def test_a_model_that_is_not_the_tenants_is_refused_and_no_name_means_the_base_model() -> None:
    shop = account(models=frozenset({"legal"}))
    assert chain().unserved(shop, "legal") is None
    assert chain().unserved(account(), "") is None
    no = chain().unserved(shop, "")
    assert no is not None
    assert (no.reason, no.param) == (RefusalReason.MODEL_NOT_ALLOWED, "model")
    assert no.message == (
        "model: chat: tenant shop is not permitted to use it; ask for one of: legal, or have it added to "
        "the tenant's models."
    )


def test_a_request_that_names_no_output_gets_the_limit_or_the_context_or_as_much_as_it_takes() -> None:
    assert chain().default_output(account()) == 500
    assert chain(TrafficLimits()).default_output(account()) == 4096
    assert chain().default_output(account(shadow=True)) == 4096
    assert chain(TrafficLimits(), ServedModel()).default_output(account()) == UNLIMITED_OUTPUT


def test_a_reply_longer_than_expected_is_paid_for_before_its_tenant_goes_on() -> None:
    shop = account(tokens_per_minute=1000)
    gate, long = chain(TrafficLimits(), ServedModel(), shop), request_of(shop, 20, 8000)
    assert gate.refusal(long, 0.0) is None
    assert long.reserved_tokens == 20 + REPLY_GUESS
    admission.settle(long, 8020)
    no = refused(gate, request_of(shop, 20, 8000), 0.0)
    assert (no.reason, no.retry_after_seconds) == (RefusalReason.TOKEN_RATE, (8020 - 1000 + 20 + REPLY_GUESS) * 0.06)
