"""Streams observed as they pass, however they are cut: what they show, and what is sent of an edited one."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.wire import events
from fairlead.router.wire.events import EventScan
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.refusal import TokenUsage
from tests.router.wire import cuts

DONE = b"data: [DONE]\n\n"


def data(**members: object) -> bytes:
    return b"data: " + json.dumps(members, separators=(",", ":")).encode() + b"\n\n"


def delta(finish_reason: str | None = None, **members: object) -> bytes:
    """As vLLM writes one."""
    choice = {"index": 0, "delta": members, "logprobs": None, "finish_reason": finish_reason, "token_ids": None}
    return data(id="chatcmpl-1", object="chat.completion.chunk", created=1, model="m", choices=[choice])


def typed(kind: str, **members: object) -> bytes:
    return b"event: " + kind.encode() + b"\n" + data(type=kind, **members)


USED = data(id="chatcmpl-1", choices=[], usage={"prompt_tokens": 5, "total_tokens": 9, "completion_tokens": 4})
WORDS = [delta(content=word) for word in ("The", " fox", ' says "\n\n data: {"', " \u00e9", "")]
CHAT = b"".join([delta(role="assistant", content=""), *WORDS, delta("stop", content="!"), USED, DONE])
COMPLETIONS = (
    data(choices=[{"index": 0, "text": "a", "finish_reason": None}])
    + data(choices=[{"index": 0, "text": "b", "finish_reason": None}])
    + data(choices=[{"index": 0, "finish_reason": "length"}], usage=None)
    + data(
        choices=[], usage={"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
    )
    + DONE
)
MESSAGES = (
    typed("message_start", message={"usage": {"input_tokens": 5, "output_tokens": 0, "cache_read_input_tokens": 2}})
    + typed("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + typed("content_block_delta", index=0, delta={"type": "text_delta", "text": "a"})
    + typed("ping")
    + typed("content_block_delta", index=0, delta={"type": "text_delta", "text": "content_block_delta\ndata: "})
    + typed("content_block_delta", index=0, delta={"type": "text_delta", "text": "c"})
    + typed("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
    + typed("message_stop")
)
RESPONSES = (
    typed("response.created", response={"status": "in_progress"})
    + typed("response.reasoning_text.delta", delta="hm")
    + typed("response.output_text.delta", delta="a")
    + typed("response.output_text.delta", delta="b")
    + typed(
        "response.completed",
        response={
            "status": "completed",
            "usage": {"input_tokens": 4, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 0}},
        },
    )
)


def usage(prompt: int, output: int, cached: int | None = None) -> TokenUsage:
    return TokenUsage(prompt_tokens=prompt, output_tokens=output, cached_tokens=cached)


def scanned(surface: Surface, pieces: Sequence[bytes]) -> EventScan:
    scan = EventScan(surface)
    for piece in pieces:
        scan.take(piece)
    return scan


class Stream(NamedTuple):
    """A whole stream, and its facts."""

    surface: Surface
    sent: bytes
    deltas: int
    usage: TokenUsage
    finished: str


STREAMS = {
    "chat": Stream(Surface.CHAT, CHAT, 6, usage(5, 4), "stop"),
    "completions": Stream(Surface.COMPLETIONS, COMPLETIONS, 2, usage(3, 2, 1), "length"),
    "messages": Stream(Surface.MESSAGES, MESSAGES, 3, usage(7, 3, 2), "end_turn"),
    "responses": Stream(Surface.RESPONSES, RESPONSES, 3, usage(4, 3, 0), "completed"),
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_a_stream_yields_the_same_facts_wherever_it_is_cut(stream: Stream, line_end: bytes) -> None:
    whole = stream.sent.replace(b"\n", line_end)
    alone = [one + line_end * 2 for one in whole.split(line_end * 2) if one]
    halves = [[whole[:at], whole[at:]] for at in range(1, len(whole), 7)]
    for pieces in [[whole], alone, [whole[at : at + 1] for at in range(len(whole))], *halves]:
        scan = scanned(stream.surface, pieces)
        assert (scan.first, scan.usage, scan.done, scan.error) == (True, stream.usage, True, False)
        assert (scan.deltas, scan.finish_reason, scan.inside) == (stream.deltas, stream.finished, False)


@pytest.mark.parametrize(
    "member",
    [
        {"content": "a"},
        {"reasoning": "hm"},
        {"reasoning_content": "hm"},
        {"refusal": "no"},
        {"tool_calls": [{"index": 0}]},
        {"function_call": {"name": "f"}},
        {"audio": {"id": "a"}},
    ],
    ids=lambda member: next(iter(member)),
)
def test_anything_that_a_model_made_is_the_first_token_and_a_role_alone_is_not(member: dict[str, object]) -> None:
    scan = scanned(Surface.CHAT, [delta(role="assistant", content="")])
    assert (scan.first, scan.deltas) == (False, 0)
    scan.take(delta(None, **member))
    assert (scan.first, scan.deltas) == (True, 1)


def test_an_event_with_more_in_it_is_read_among_ordinary_ones() -> None:
    word = delta(content="a")
    scan = scanned(Surface.CHAT, [word, word + word, word + delta("tool_calls") + word])
    assert (scan.deltas, scan.finish_reason) == (5, "tool_calls")
    continuous = data(choices=[{"delta": {"content": "a"}, "finish_reason": None}], usage={"completion_tokens": 1})
    scan = scanned(Surface.CHAT, [continuous, continuous.replace(b":1}", b":2}"), word])
    assert (scan.deltas, scan.usage) == (3, usage(0, 2))


def test_engines_that_put_the_text_last_are_read_all_the_same() -> None:
    words = [data(choices=[{"finish_reason": None, "delta": {"content": word}}]) for word in ("a", "b", "c")]
    assert scanned(Surface.CHAT, words).deltas == 3
    without = [data(choices=[{"delta": {"content": word}}]) for word in ("a", "b", "c")]
    assert scanned(Surface.CHAT, without).deltas == 3


@pytest.mark.parametrize(
    ("surface", "event"),
    [
        (Surface.CHAT, data(error={"message": "m", "code": 500})),
        (Surface.CHAT, b'event: error\ndata: {"message":"m"}\n\n'),
        (Surface.CHAT, b"event: error\ndata: what?\n\n"),
        (Surface.MESSAGES, typed("error", error={"type": "overloaded_error"})),
        (Surface.RESPONSES, typed("error", message="m", code="c")),
        (Surface.RESPONSES, typed("response.failed", response={"status": "failed"})),
    ],
)
def test_an_error_in_a_stream_is_seen(surface: Surface, event: bytes) -> None:
    assert scanned(surface, [delta(content="a"), event]).error
    assert not scanned(surface, [data(choices=[], error=None)]).error


@pytest.mark.parametrize(
    "event",
    [
        b": a comment\n\n",
        b"id: 5\n\n",
        b"\n\n",
        b"data: \n\n",
        b"data: nonsense\n\n",
        b"data: [1]\n\n",
        b'data: {"choices":5}\n\n',
        b'data: {"usage":{"prompt_tokens":-1,"completion_tokens":1e99}}\n\n',
        typed("message_start", message="hello"),
        typed("message_delta", delta=5),
        typed("message_delta"),
        b"xdata: [DONE]\n\n",
        b"data: " + b"[" * 5000 + b"\n\n",
    ],
)
def test_events_of_no_known_shape_are_passed_over(event: bytes) -> None:
    for surface in Surface:
        scan = scanned(surface, [event, delta(content="a")])
        assert (scan.done, scan.error, scan.deltas, scan.finish_reason) == (False, False, 1, None)


def test_an_event_that_is_too_long_is_passed_over_and_those_behind_it_are_read() -> None:
    long = delta(content="a" * (events.LONGEST + 10))
    for pieces in (
        [long[:-1], long[-1:], USED],
        [long[: events.LONGEST + 5], long[events.LONGEST + 5 :] + USED],
    ):
        scan = scanned(Surface.CHAT, pieces)
        assert (scan.deltas, scan.usage, scan.inside) == (0, usage(5, 4), False)
        scan, out = EventScan(Surface.CHAT), b""
        for piece in pieces:
            out += scan.edited(piece)
        assert out + scan.rest() == long
    assert scanned(Surface.CHAT, [long[:-1]]).inside


def edited(surface: Surface, pieces: Sequence[bytes]) -> bytes:
    scan = EventScan(surface)
    return b"".join([scan.edited(piece) for piece in pieces]) + scan.rest()


@pytest.mark.parametrize("edits", [False, True])
def test_each_piece_of_an_event_that_is_too_long_is_progress(*, edits: bool) -> None:
    scan = EventScan(Surface.CHAT)
    take = scan.edited if edits else scan.take
    take(b'data: {"choices":[{"index":0,"delta":{"content":"')
    take(b"a" * (events.LONGEST + 10))
    for _ in range(3):
        before = scan.progress
        take(b"a" * 1000)
        assert scan.progress > before


def test_comments_are_no_progress_and_everything_else_is() -> None:
    scan = EventScan(Surface.CHAT)
    pieces = [b": keep", b"-alive\n\n", b"\n", b": a\n: b\n\n: c", b"\n\n"]
    for piece in (*pieces, WORDS[0], *pieces, b'data: {"cho', b'ices":[]}\n\n', b"data: x\n\n", WORDS[1] * 2, DONE):
        before = scan.progress
        scan.take(piece)
        assert (scan.progress == before) == (piece in pieces), piece


def test_the_usage_that_a_client_did_not_ask_for_is_taken_out_and_nothing_else() -> None:
    for at in range(1, len(CHAT)):
        assert edited(Surface.CHAT, [CHAT[:at], CHAT[at:]]) == CHAT.replace(USED, b"")
    alone = [one + b"\n\n" for one in CHAT.split(b"\n\n") if one]
    assert edited(Surface.CHAT, alone) == CHAT.replace(USED, b"")
    assert edited(Surface.MESSAGES, [MESSAGES]) == MESSAGES
    odd = data(choices=[], prompt_filter_results=[]) + b": hi\n\n" + data(error={"a": 1}, usage={}) + b"data: half"
    assert edited(Surface.CHAT, [odd]) == odd


def test_half_an_event_is_held_back_and_given_at_the_end() -> None:
    scan = EventScan(Surface.CHAT)
    word = delta(content="a")
    assert scan.edited(word + word[:9]) == word
    assert scan.inside
    assert scan.rest() == word[:9]
    assert scan.rest() == b""


@pytest.mark.parametrize(("rest", "ended"), [(b"data: [DONE]", True), (b"data: [DO", False), (b"", False)])
def test_the_last_event_of_a_stream_that_is_over_counts_without_a_blank_line_after_it(rest: bytes, ended: bool) -> None:
    scan = EventScan(Surface.CHAT)
    scan.take(delta(content="a") + rest)
    assert (scan.done, scan.has_end(), scan.rest()) == (False, ended, rest)


words = st.lists(st.text(max_size=20), min_size=1, max_size=8)


@given(words=words, places=cuts.places, surface=st.sampled_from([Surface.CHAT, Surface.COMPLETIONS]))
def test_no_text_is_ever_taken_for_anything_else(words: list[str], places: list[int], surface: Surface) -> None:
    stream = b"".join(delta(content="x" + word) for word in words)
    scan = scanned(surface, cuts.at(stream, [place * 7 for place in places]))
    assert (scan.deltas, scan.usage, scan.done, scan.error, scan.finish_reason) == (
        len(words),
        None,
        False,
        False,
        None,
    )


@given(stream=st.binary(max_size=200), places=cuts.places, surface=st.sampled_from(Surface))
def test_no_bytes_ever_raise_and_none_is_lost(stream: bytes, places: list[int], surface: Surface) -> None:
    for sent in (stream, delta(content="a") + stream, b"data: " + stream + b"\n\n", typed("ping")[:-3] + stream):
        pieces = cuts.at(sent, places)
        scan = scanned(surface, pieces)
        assert scan.first in (True, False)
        if b"\r" not in sent and scan.usage is None:
            assert edited(surface, pieces) == sent


@pytest.mark.parametrize("many", [1, 3])
def test_of_an_edited_stream_ordinary_events_pass_as_they_are(many: int) -> None:
    scan = EventScan(Surface.CHAT)
    scan.edited(WORDS[0])
    payload = WORDS[1] * many
    assert scan.edited(payload) is payload
    assert scan.deltas == 1 + many
