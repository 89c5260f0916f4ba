"""Replies by themselves: however they stop and are split, text and counts agree."""

import itertools
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.emulator.surface import replies
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import SamplingParams
from fairlead.emulator.surface.replies import GeneratedReply, ReplyGenerator
from fairlead.emulator.surface.structured_outputs import OutputForm, StructuredOutput
from fairlead.emulator.text import tokenizer

WORDS: Final = tokenizer.of(128_256)
SPEAKER: Final = ReplyGenerator(tokenizer=WORDS)
FREE: Final = SPEAKER.reply(SamplingParams(max_tokens=300, ignore_eos=True), None, b"seed")
BITS: Final = st.integers(0, 200).flatmap(lambda at: st.integers(1, 9).map(lambda size: FREE.text[at : at + size]))


@st.composite
def stopped(draw: st.DrawFn) -> tuple[SamplingParams, GeneratedReply]:
    """A reply to a request with some of the things that may end it."""
    params = SamplingParams(
        max_tokens=draw(st.integers(1, 300)),
        min_tokens=draw(st.sampled_from([0, 0, 5, 40])),
        ignore_eos=draw(st.booleans()),
        stop=tuple(draw(st.lists(BITS, max_size=3))),
        stop_token_ids=tuple(draw(st.lists(st.sampled_from(FREE.ids), max_size=2))),
        include_stop=draw(st.booleans()),
    )
    params.min_tokens = min(params.min_tokens, params.max_tokens)
    return params, SPEAKER.reply(params, None, b"seed")


@given(stopped())
def test_a_reply_always_has_at_most_the_requested_tokens_and_states_why_it_ended(
    drawn: tuple[SamplingParams, GeneratedReply],
) -> None:
    params, reply = drawn
    assert 1 <= len(reply.ids) <= params.max_tokens
    assert len(reply.ends) == len(reply.ids)
    assert (reply.finish == "length") <= (len(reply.ids) == params.max_tokens)
    assert (reply.stop_reason is not None) <= (reply.finish == "stop")
    assert FREE.text.startswith(reply.text)


@given(stopped(), st.lists(st.integers(1, 5), min_size=1, max_size=20))
def test_pieces_always_add_up_to_the_text_and_are_never_taken_back(
    drawn: tuple[SamplingParams, GeneratedReply], sizes: list[int]
) -> None:
    _, reply = drawn
    text_delta, out = "", 0
    for size in itertools.cycle(sizes):
        end = min(out + size, len(reply.ids))
        text_delta += answers.text_delta(reply, out, end)
        out = end
        assert reply.text.startswith(text_delta)
        assert answers.text_until(reply, out) == text_delta
        if out == len(reply.ids):
            break
    assert text_delta == reply.text


@given(stopped())
def test_a_stop_string_is_never_shown_unless_requested(drawn: tuple[SamplingParams, GeneratedReply]) -> None:
    params, reply = drawn
    if params.min_tokens == 0 and not params.include_stop:
        assert all(stop not in reply.text for stop in params.stop)


def test_of_two_stops_in_one_token_the_one_that_is_complete_first_counts() -> None:
    text = FREE.text
    params = SamplingParams(max_tokens=300, ignore_eos=True, stop=(text[2:4], text[1:3]))
    assert SPEAKER.reply(params, None, b"seed").stop_reason == text[1:3]


@pytest.mark.parametrize(
    ("form", "what"), [(OutputForm.PATTERN, "(?=x)"), (OutputForm.GRAMMAR, "words"), (OutputForm.PATTERN, "a{20000}")]
)
def test_bounds_that_are_beyond_us_give_plain_text(form: OutputForm, what: str) -> None:
    reply = SPEAKER.reply(SamplingParams(max_tokens=99), StructuredOutput(form=form, what=what), b"seed")
    assert (reply.finish, reply.ids[-1]) == ("stop", WORDS.end)
    assert reply.text


@pytest.mark.parametrize(
    "what",
    [
        *("no json", {"enum": 5}, {"type": "array", "items": {}, "minItems": "x"}, {"multipleOf": 0, "minimum": 1}),
        "[" * 100_000,
    ],
)
def test_bounds_that_are_none_are_refused(what: object) -> None:
    with pytest.raises(ErrorResponse, match="Grammar error: "):
        SPEAKER.reply(SamplingParams(max_tokens=99), StructuredOutput(form=OutputForm.SCHEMA, what=what), b"seed")


def test_a_schema_that_demands_a_very_long_text_gets_as_many_tokens_as_requested() -> None:
    for what in ({"type": "string", "minLength": 10**9}, {"type": "array", "items": {}, "minItems": 10**9}):
        reply = SPEAKER.reply(
            SamplingParams(max_tokens=50), StructuredOutput(form=OutputForm.SCHEMA, what=what), b"seed"
        )
        assert (len(reply.ids), reply.finish) == (50, "length")


def test_everything_that_a_reply_depends_on_changes_its_seed() -> None:
    plain = SamplingParams(seed=1)
    seeds = {
        replies.seed_of([1, 2], plain, 0, None),
        replies.seed_of([1, 3], plain, 0, None),
        replies.seed_of([1, 2], SamplingParams(seed=2), 0, None),
        replies.seed_of([1, 2], plain, 1, None),
        replies.seed_of([1, 2], plain, 0, "de"),
    }
    assert len(seeds) == 5
