"""TensorRT-LLM's response while it loads: 503 on every route, with the time to retry. `serve/readiness.py`."""

from typing import Final

from aiohttp import web

from fairlead.emulator.surface.utility_routes import json_response

STATE: Final = "x-trtllm-server-state"
STARTING: Final = "starting"


def application() -> web.Application:
    """Serve one response for every request."""
    made = web.Application()
    made.add_routes([web.route("*", "/{path:.*}", _starting)])
    return made


async def _starting(_: web.Request) -> web.Response:
    why = "The model is still being loaded. (simulated)"
    answer = json_response({"error": {"message": why, "type": "ServiceUnavailableError", "code": STARTING}}, 503)
    answer.headers.update({"Retry-After": "1", STATE: STARTING})
    answer.force_close()
    return answer
