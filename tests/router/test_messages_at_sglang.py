"""Anthropic's API at SGLang: its usage has cached tokens apart, and a message begins before it finds no room."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.emulator.living import SGLANG, living
from tests.router.planes import Raw, exchange_bytes, plane, posted, run_story, written
from tests.router.test_engine_requests import keyed
from tests.router.test_other_kinds import of_sglang

BEGUN: Final = b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3}}}\n\n'
FULL: Final = {"type": "overloaded_error", "message": "The request queue is full."}
WHOLE: Final = (
    BEGUN
    + b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}\n\n'
    + b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n'
    + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


def named_events(*pieces: bytes) -> bytes:
    """A stream of named events, in these chunks."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


def test_a_message_that_finds_no_room_is_sent_elsewhere_although_it_has_begun(tmp_path: Path) -> None:
    error = b"event: error\ndata: %b\n\n" % json.dumps({"type": "error", "error": FULL}, separators=(",", ":")).encode()
    message = {"model": "chat", "max_tokens": 4, "stream": True, "messages": [{"role": "user", "content": "hello"}]}

    async def story() -> None:
        full, free = Raw(*[named_events(BEGUN, error)] * 3), Raw(*[named_events(WHOLE)] * 3)
        async with full.listening(), free.listening():
            async with plane(of_sglang(written(tmp_path, [full.address, free.address]))) as router:
                await router.until("routable", "routable")
                for _ in range(3):
                    answer = await exchange_bytes(router, posted(message, "/v1/messages"))
                    assert (b"queue is full" in answer, answer.count(b"event: message_start")) == (False, 1)
                    assert b"event: message_stop" in answer
                assert await router.states() == ["routable", "routable"], "a full engine is healthy"
            assert full.seen, "one of three began there"

    run_story(story())


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_sglang_finds_in_its_cache_counts_in_full_as_a_message(tmp_path: Path, *, stream: bool) -> None:
    """Anthropic's usage has cached tokens beside the input, where OpenAI's has them in it."""
    turns = [{"role": "user", "content": "one " * 300}]
    message = {"model": "chat", "max_tokens": 4, "stream": stream, "messages": turns}
    counter = 'fairlead_router_tenant_prompt_tokens_total{tenant="shop",model="chat"}'

    async def story() -> None:
        tenant = keyed(tmp_path, tokensPerMinute=1_000_000)
        async with (
            living(serve_arguments=SGLANG) as (engine,),
            plane(of_sglang(written(tmp_path, [engine.address], **tenant))) as router,
        ):
            await router.until("routable")
            counted = [0.0]
            for cached in (False, True):
                answer = await exchange_bytes(router, posted(message, "/v1/messages", "Authorization: Bearer sk-1"))
                assert answer.startswith(b"HTTP/1.1 200")
                assert (b'"cache_read_input_tokens"' in answer) == cached
                counted.append(await router.metric(counter))
        assert counted[1] > 300
        assert counted[2] - counted[1] == counted[1]

    run_story(story())
