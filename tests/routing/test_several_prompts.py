"""Requests with several prompts or answers: limits apply to each, load and rates to all together."""

from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Lane, LongLaneLimits, Tenant
from fairlead.routing import expectations
from fairlead.routing.expectations import MEDIA_TOKENS, REPLY_GUESS, BytesPerToken, TokenExpectations
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.refusal import TokenUsage
from fairlead.routing.served_model import ServedModel
from tests.routing.dispatchers import dispatcher_of, refused, send, sent, terms

LIMITED = RoutingSettings(limits=TrafficLimits(max_prompt_tokens=1000))


def test_the_prompt_limit_applies_to_the_longest_of_several() -> None:
    at = dispatcher_of(LIMITED, slots=100)
    many = send(at, prompt=32_000, longest_input=1000)
    sent(at, many)
    assert (many.charged_prompt, at.needs_count(many)) == (32_000, False)

    no = refused(at, send(at, prompt=32_000, longest_input=1001))
    assert no.reason is RefusalReason.PROMPT_TOO_LONG
    assert no.message == "The longest prompt has about 1,001 tokens; the limit here is 1,000 tokens: shorten it."


def test_each_prompt_has_the_context_for_itself_and_its_answer() -> None:
    at = dispatcher_of()
    at.apply(terms(RoutingSettings(), model=ServedModel(max_context_tokens=4096)), 0.0)
    sent(at, send(at, prompt=64_000, longest_input=2000, output=32 * 2000, answers=32))
    no = refused(at, send(at, prompt=64_000, longest_input=8000, output=32 * 2000, answers=32))
    assert no.message.startswith("The longest prompt has about 8,000 tokens, and max_tokens asks for 2,000 more;")


def test_many_short_prompts_are_no_long_job() -> None:
    at = dispatcher_of(RoutingSettings(long_lane=LongLaneLimits(min_prompt_tokens=1000)), slots=100)
    short, long = send(at, prompt=32_000, longest_input=500), send(at, prompt=32_000, longest_input=1000)
    sent(at, short)
    sent(at, long)
    assert (short.lane, long.lane) == (Lane.INTERACTIVE, Lane.LONG)


def test_load_and_rates_expect_all_answers() -> None:
    at = dispatcher_of(RoutingSettings(tenants=(Tenant(name="shop", keys=(), tokens_per_minute=1_000_000),)))
    many = send(at, "shop", prompt=1000, output=500 * 4000, answers=500)
    sent(at, many)
    assert many.charged_reply == 500 * REPLY_GUESS
    assert many.reserved_tokens == 1000 + 500 * REPLY_GUESS

    at.ended(many, AttemptEnding.DONE, TokenUsage(prompt_tokens=1000, output_tokens=500 * 20), 1.0)
    assert at.table.expectations.reply("shop", 4000) == 20


def test_a_number_of_answers_that_no_engine_gives_fills_no_fleet() -> None:
    made = TokenExpectations()
    assert made.reply("shop", 10**15, 10**12) == expectations.MAX_ANSWERS * REPLY_GUESS
    assert made.reply("shop", 1000, 10) == 1000


def test_an_image_counts_as_some_tokens() -> None:
    made = BytesPerToken()
    assert made.tokens(400, 2) == made.tokens(400) + 2 * MEDIA_TOKENS


def test_tokens_sent_as_numbers_are_exact_whatever_texts_have() -> None:
    made = BytesPerToken()
    for _ in range(100):
        made.add(2000, 1000)
    assert (made.tokens(0, 0, 3000), made.tokens(0, 1, 3000)) == (3000, 3001 + MEDIA_TOKENS)
    assert made.tokens(400, 0, 3000) == made.tokens(400) + 3000
