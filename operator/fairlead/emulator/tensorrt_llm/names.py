"""The names that TensorRT-LLM accepts: any for the model, which its responses repeat; each request names its adapter.

`serve/openai_server.py` checks no name, and its list of models has one card.
"""

from collections.abc import Callable
from typing import Any

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.tensorrt_llm import errors


class TensorRtModelNames:
    """The model's one name."""

    def __init__(self, serve_arguments: ServeArguments, clock: Callable[[], float]) -> None:
        self._name = serve_arguments.names[0]
        self._clock = clock
        self.adapters: dict[str, str] = {}
        """None is loaded before a request names one."""

    def called(self, name: str | None) -> tuple[str, str | None]:
        """Return the name as given, and no adapter."""
        return name or self._name, None

    def cards(self) -> dict[str, Any]:
        """Return the model list; `created` is the time of the request."""
        card = {"id": self._name, "object": "model", "created": int(self._clock()), "owned_by": "tensorrt_llm"}
        return {"object": "list", "data": [card]}

    def load(self, name: str, path: str, *, inplace: bool) -> str:
        """No such endpoint."""
        del path, inplace
        raise _no_orders(name)

    def unload(self, name: str) -> str:
        """No such endpoint."""
        raise _no_orders(name)


def _no_orders(name: str) -> ErrorResponse:
    return errors.bad_request(f"{name}: an adapter comes with the request that names its folder (simulated)")
