"""How SGLang 0.5.23 handles requests and replies: names, refusals, priorities and ids."""

import sys
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Final

from aiohttp import web

from fairlead.emulator.serve_arguments import AdmissionRules, ServeArguments
from fairlead.emulator.sglang import errors
from fairlead.emulator.sglang.names import SglangModelNames
from fairlead.emulator.surface.engine_interface import EngineControl
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.jobs import EngineRefusal
from fairlead.emulator.surface.reply_manners import ModelNames

_LATE: Final = frozenset({EngineRefusal.BUSY, EngineRefusal.BACKLOG})
"""Refusals of its scheduler; a stream gets them as its first event, since status 200 has been sent by then."""
_PRIORITY: Final = "x-override-priority"
_ID: Final = "x-override-rid"
_WITHOUT_HEADERS: Final = "/v1/completions"
"""`serving_completions.py` reads neither; only `serving_chat.py` does, which also serves `/v1/messages`."""


class SglangManners:
    """Implements `ReplyManners` for SGLang."""

    cuts_failed = False

    def __init__(self, admission: AdmissionRules) -> None:
        self._admission = admission

    def names(self, serve_arguments: ServeArguments, control: EngineControl, clock: Callable[[], float]) -> ModelNames:
        """Accept any name for the model, and an adapter after a colon."""
        return SglangModelNames(serve_arguments, control, clock)

    def fingerprint(self, serve_arguments: ServeArguments) -> str:  # noqa: ARG002 - interface
        """Return "", since its responses have none."""
        return ""

    def refused(self, refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
        """Return SGLang's refusal."""
        return errors.refused(refusal, lag_seconds)

    def refuses_in_stream(self, refusal: EngineRefusal) -> bool:
        """A full queue is noticed after the status was sent."""
        return refusal in _LATE

    def priority(self, request: web.Request, generation: GenerationRequest) -> int:
        """Return it from a header, the body or the configuration; otherwise the request is served last."""
        written = self._overrides(request).get(_PRIORITY)
        if written is not None:
            try:
                return int(written)
            except ValueError as problem:
                raise ErrorResponse(400, f"invalid {_PRIORITY} header {written!r}: {problem}", "400") from None
        last = -sys.maxsize - 1 if self._admission.larger_first else sys.maxsize
        default = self._admission.default_priority
        return int(generation.body.get("priority", last if default is None else default))

    def answer_id(self, request: web.Request, generation: GenerationRequest, prefix: str) -> str:
        """Return the client's id (in the body only for a single prompt), or a new one without prefix."""
        del prefix
        named = self._overrides(request).get(_ID) or generation.body.get("rid")
        return named if isinstance(named, str) else token_hex(16)

    def _overrides(self, request: web.Request) -> Mapping[str, str]:
        """`srt/entrypoints/request_headers.py`: only if a variable says so, on routes that are chats inside."""
        return request.headers if self._admission.header_overrides and request.path != _WITHOUT_HEADERS else {}

    def headers(self, request: web.Request, control: EngineControl) -> Mapping[str, str]:
        """Return no extra headers."""
        del request, control
        return {}
