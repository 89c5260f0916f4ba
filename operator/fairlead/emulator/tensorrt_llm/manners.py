"""What TensorRT-LLM does between a request and its reply: names, refusals, ids."""

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
    """As `ReplyManners` asks for them."""

    cuts_failed = True

    def names(self, served: ServeArguments, acts: EngineControl, clock: Callable[[], float]) -> ModelNames:
        """Any name for the model."""
        del acts
        return TensorRtModelNames(served, clock)

    def fingerprint(self, served: ServeArguments) -> str:  # noqa: ARG002 - the interface's
        """Its responses have none."""
        return ""

    def refused(self, refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
        """In its statuses."""
        return errors.refused(refusal, lag_seconds)

    def refuses_in_stream(self, refusal: EngineRefusal) -> bool:  # noqa: ARG002 - the interface's
        """An error after status 200 is a connection that ends."""
        return False

    def priority(self, request: web.Request, generation: GenerationRequest) -> int:  # noqa: ARG002 - the interface's
        """All are equal."""
        return 0

    def answer_id(self, request: web.Request, generation: GenerationRequest, prefix: str) -> str:
        """A new one after the route's prefix."""
        del request, generation
        return prefix + token_hex(16)

    def headers(self, request: web.Request, acts: EngineControl) -> Mapping[str, str]:
        """None of its own."""
        del request, acts
        return {}
