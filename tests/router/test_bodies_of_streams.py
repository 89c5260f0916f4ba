"""A request's body is kept while another engine may need it, and not for as long as its reply streams."""

import asyncio
import gc
from pathlib import Path

import pytest

from fairlead.router.exchange import Exchange
from fairlead.router.upstream_connection import UpstreamConnection
from tests.router.gated_engine import Gated
from tests.router.planes import HOST, STREAM, posted, run_story
from tests.router.test_engine_requests import router_before

LARGE = STREAM | {"prompt": "x" * 200_000}


def bodies_in_flight() -> list[int]:
    """Lengths of all bodies that exchanges and connections to engines hold now."""
    held: list[bytes] = []
    for one in gc.get_objects():
        if type(one) is Exchange:
            held += [one.request.body, one.request.received.body]
        elif type(one) is UpstreamConnection and one.message is not None:
            held += one.message.parts
    return [len(one) for one in held if len(one) > 100_000]


@pytest.mark.parametrize("endings", [0, 1], ids=["at the first engine", "after a lost first engine"])
def test_a_streaming_reply_holds_no_body(tmp_path: Path, endings: int) -> None:
    async def story() -> None:
        one, other = Gated(), Gated()
        async with router_before(tmp_path, one, other) as router:
            reader, writer = await asyncio.open_connection(HOST, router.port)
            writer.write(posted(LARGE))
            while not (one.seen or other.seen):
                await asyncio.sleep(0.002)
            first, second = (one, other) if one.seen else (other, one)
            assert len(bodies_in_flight()) == 3, "another engine may need it"
            serving = second if endings else first
            if endings:
                first.data = None
                first.gate.set()
                while not second.seen:
                    await asyncio.sleep(0.002)
                assert len(bodies_in_flight()) == 3
            serving.keeps = True
            serving.gate.set()
            await reader.readuntil(b"data: ")
            assert bodies_in_flight() == []
            writer.close()

    run_story(story())
