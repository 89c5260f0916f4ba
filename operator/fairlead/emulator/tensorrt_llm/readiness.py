"""What TensorRT-LLM answers while it loads: on every route 503 and when to come back. `serve/readiness.py`."""

from typing import Final

from aiohttp import web

from fairlead.emulator.surface.utility_routes import json_response

STATE: Final = "x-trtllm-server-state"
STARTING: Final = "starting"


def application() -> web.Application:
    """The same answer to everybody."""
    made = web.Application()
    made.add_routes([web.route("*", "/{path:.*}", _starting)])
    return made


async def _starting(_: web.Request) -> web.Response:
    why = "The model is still being loaded. (simulated)"
    answer = json_response({"error": {"message": why, "type": "ServiceUnavailableError", "code": STARTING}}, 503)
    answer.headers.update({"Retry-After": "1", STATE: STARTING})
    answer.force_close()
    return answer
