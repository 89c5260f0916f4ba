"""How TensorRT-LLM handles requests and replies: names, refusals, ids."""

from collections.abc import Callable, Mapping
from secrets import token_hex

from aiohttp import web

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface.engine_interface import EngineControl
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.jobs import EngineRefusal
from fairlead.emulator.surface.reply_manners import ModelNames
from fairlead.emulator.tensorrt_llm import errors
from fairlead.emulator.tensorrt_llm.names import TensorRtModelNames


class TensorRtManners:
    """Implements `ReplyManners` for TensorRT-LLM."""

    cuts_failed = True

    def names(self, serve_arguments: ServeArguments, control: EngineControl, clock: Callable[[], float]) -> ModelNames:
        """Accept any name for the model."""
        del control
        return TensorRtModelNames(serve_arguments, clock)

    def fingerprint(self, serve_arguments: ServeArguments) -> str:  # noqa: ARG002 - interface
        """Return "", since its responses have none."""
        return ""

    def refused(self, refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
        """Use TensorRT-LLM's status."""
        return errors.refused(refusal, lag_seconds)

    def refuses_in_stream(self, refusal: EngineRefusal) -> bool:  # noqa: ARG002 - interface
        """An error after status 200 closes the connection."""
        return False

    def priority(self, request: web.Request, generation: GenerationRequest) -> int:  # noqa: ARG002 - interface
        """All have the same priority."""
        return 0

    def answer_id(self, request: web.Request, generation: GenerationRequest, prefix: str) -> str:
        """Return a new id after the route's prefix."""
        del request, generation
        return prefix + token_hex(16)

    def headers(self, request: web.Request, control: EngineControl) -> Mapping[str, str]:
        """Return no extra headers."""
        del request, control
        return {}
