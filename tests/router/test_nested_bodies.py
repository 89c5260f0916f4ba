"""Bodies that nest as deeply as parsers allow: limits apply to them as to all others, or they are refused."""

from pathlib import Path

from tests.router.planes import Raw, exchange_bytes, run_story
from tests.router.test_engine_requests import ANSWER, router_before


def nested(levels: int) -> bytes:
    """A request without a limit on its output that nests so deeply."""
    body = b'{"model":"chat","prompt":"hello","max_tokens":null,"x":' + b"[" * levels + b"]" * levels + b"}"
    return b"POST /v1/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (
        *(len(body), body),
    )


def test_the_limit_on_output_is_written_into_every_request_however_deeply_it_nests(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(*[ANSWER] * 100)
        async with router_before(tmp_path, engine, limits={"maxOutputTokens": 50}) as router:
            passed, refused = 400, 1100
            while refused - passed > 1:
                levels = (passed + refused) // 2
                answer = await exchange_bytes(router, nested(levels))
                passed, refused = (levels, refused) if answer.startswith(b"HTTP/1.1 200") else (passed, levels)
                assert answer[9:12] in (b"200", b"400")
                assert b"200" in answer[:12] or b"the body is nested too deeply" in answer
            assert len(engine.seen) > 1
            assert all(b'"max_tokens":50' in one for one in engine.seen)

    run_story(story())


def test_an_engines_error_that_nests_too_deeply_is_one_of_an_engine_without_this_route(tmp_path: Path) -> None:
    body = b'{"error":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    lost = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)

    async def story() -> None:
        async with router_before(tmp_path, Raw(lost)) as router:
            answer = await exchange_bytes(router, nested(1))
            assert answer.startswith(b"HTTP/1.1 404")
            assert b"the engine at this address has no such route" in answer

    run_story(story())
