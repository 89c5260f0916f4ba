"""Streams without chunks or a length: they end with the engine's connection, and what came last says how."""

from pathlib import Path

import pytest

from tests.router.planes import STREAM, run_story
from tests.router.test_engine_requests import DELTA, router_before
from tests.router.test_nonconforming_engines import LAST, UNFRAMED, Closing

ERROR = b'data: {"error": {"object":"error","message":"bad value of x","type":"BadRequestError","code":400}}\n\n'


@pytest.mark.parametrize("sent", [ERROR, ERROR + b"data: [DONE]\n\n"], ids=["alone", "done"])
def test_an_engines_error_in_a_stream_that_closes_reaches_its_client_and_is_no_failure(
    tmp_path: Path, sent: bytes
) -> None:
    async def story() -> None:
        async with router_before(tmp_path, Closing(UNFRAMED + sent)) as router:
            assert await router.complete(STREAM) == (200, sent.decode())
            (engine,) = await router.endpoints()
            assert engine["failures"] == 0

    run_story(story())


@pytest.mark.parametrize("end", [b"data: [DONE]", b"data: [DONE]\n", b"data: " + LAST, b"data: " + LAST + b"\r\n"])
def test_a_last_event_that_no_blank_line_follows_ends_a_stream_that_closes(tmp_path: Path, end: bytes) -> None:
    async def story() -> None:
        sent = b"data: %b\n\n%b" % (DELTA, end)
        async with router_before(tmp_path, Closing(UNFRAMED + sent)) as router:
            assert await router.complete(STREAM) == (200, sent.decode())
            assert await router.metric("fairlead_router_answers_cut_total") == 0.0
            (engine,) = await router.endpoints()
            assert engine["failures"] == 0

    run_story(story())
