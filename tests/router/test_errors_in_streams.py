"""An engine's error in the middle of a stream: its client gets it, and the breaker counts what is the engine's."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.router.planes import STREAM, Raw, events, plane, run_story, written
from tests.router.test_engine_requests import DELTA
from tests.router.test_other_kinds import of_sglang

BROKE: Final = b'{"error": {"object": "error", "message": "it broke", "type": "InternalServerError", "code": 500}}'
BAD: Final = b'{"error": {"object": "error", "message": "bad value of x", "type": "BadRequestError", "code": 400}}'
DYING: Final = b'{"error":{"message":"EngineCore encountered an issue. See stack trace (above).","code":500}}'


def of_vllm(config: Path) -> Path:
    return config


@pytest.mark.parametrize(
    ("kind", "error", "streams", "cause"),
    [(of_sglang, BROKE, 3, "breaker"), (of_sglang, BAD, 3, ""), (of_vllm, DYING, 1, "leaving"), (of_vllm, BAD, 3, "")],
    ids=["broken", "bad-request", "dying", "bad-request-to-vllm"],
)
def test_errors_after_a_token_eject_an_engine_as_those_before_it_do(
    tmp_path: Path, kind: Callable[[Path], Path], error: bytes, streams: int, cause: str
) -> None:
    async def story() -> None:
        async with (
            Raw(*[events(DELTA, error)] * streams).listening() as engine,
            plane(kind(written(tmp_path, [engine.address]))) as router,
        ):
            await router.until("routable")
            for _ in range(streams):
                status, text = await router.complete(STREAM)
                assert (status, error.decode() in text) == (200, True)
            ejections = {
                one: await router.metric(f'fairlead_router_ejections_total{{by="{one}"}}')
                for one in ("breaker", "leaving")
            }
            assert [one for one, number in ejections.items() if number > 0] == [cause] * bool(cause)

    run_story(story())
