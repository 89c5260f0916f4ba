"""Anthropic's API at SGLang: its usage has cached tokens beside the input."""

from pathlib import Path

import pytest

from tests.emulator.living import SGLANG, living
from tests.router.planes import exchange_bytes, plane, posted, run_story, written
from tests.router.test_engine_requests import keyed
from tests.router.test_other_kinds import of_sglang


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
