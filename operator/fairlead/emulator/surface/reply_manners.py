"""How kinds of engines differ between a request and its reply: names, refusals, priorities, ids, headers."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final, Protocol

from aiohttp import web

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface import errors
from fairlead.emulator.surface.engine_interface import EngineControl
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.jobs import EngineRefusal
from fairlead.emulator.surface.model_names import ServedModelNames

VERSION: Final = "0.32.0"


class ModelNames(Protocol):
    """The names that requests may use."""

    adapters: dict[str, str]

    def called(self, name: str | None) -> tuple[str, str | None]:
        """Return the model's name in the response, and the adapter to use."""

    def cards(self) -> dict[str, Any]:
        """Return the response of `/v1/models`."""

    def load(self, name: str, path: str, *, inplace: bool) -> str:
        """Load an adapter; return the message for the client."""

    def unload(self, name: str) -> str:
        """Unload an adapter; return the message for the client."""


class ReplyManners(Protocol):
    """One kind's handling of requests and replies."""

    @property
    def cuts_failed(self) -> bool:
        """Whether a reply that fails inside the engine just closes the connection."""

    def names(self, serve_arguments: ServeArguments, control: EngineControl, clock: Callable[[], float]) -> ModelNames:
        """Return the names of its model and its adapters."""

    def fingerprint(self, serve_arguments: ServeArguments) -> str:
        """Return `system_fingerprint` for its responses; empty if it has none."""

    def refused(self, refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
        """Return a refusal in its form."""

    def refuses_in_stream(self, refusal: EngineRefusal) -> bool:
        """Whether a request for a stream gets this refusal with status 200, as the stream's first event."""

    def priority(self, request: web.Request, generation: GenerationRequest) -> int:
        """Read a request's priority from header or body."""

    def answer_id(self, request: web.Request, generation: GenerationRequest, prefix: str) -> str:
        """Return the id of the response."""

    def headers(self, request: web.Request, control: EngineControl) -> Mapping[str, str]:
        """Return the headers of a whole response."""


class VllmManners:
    """vLLM 0.32's behaviour."""

    cuts_failed = False

    def names(self, serve_arguments: ServeArguments, control: EngineControl, clock: Callable[[], float]) -> ModelNames:
        """Return its names; an adapter is requested by its own name."""
        return ServedModelNames(serve_arguments, control, clock)

    def fingerprint(self, serve_arguments: ServeArguments) -> str:
        """Return version, parallelism, and eight hexadecimal digits that depend on the configuration."""
        parallel = serve_arguments.memory.parallelism
        degrees = {"tp": parallel.tensor, "pp": parallel.pipeline, "dp": parallel.data}
        spread = [f"{name}{degree}" for name, degree in degrees.items() if degree > 1]
        spread += ["ep"] if serve_arguments.memory.expert_parallel else []
        settings = repr((serve_arguments.model, serve_arguments.limits, serve_arguments.memory))
        return "-".join((f"vllm-{VERSION}", *spread, sha256(settings.encode()).hexdigest()[:8]))

    def refused(self, refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
        """Always use the error's own status."""
        return errors.of(refusal, lag_seconds)

    def refuses_in_stream(self, refusal: EngineRefusal) -> bool:  # noqa: ARG002 - interface
        """vLLM refuses before it sends the status."""
        return False

    def priority(self, request: web.Request, generation: GenerationRequest) -> int:
        """The header takes precedence over the body."""
        return from_header(request, "X-Vllm-Priority", generation.priority)

    def answer_id(self, request: web.Request, generation: GenerationRequest, prefix: str) -> str:
        """Return the id from header or body, else a new one, after the route's prefix."""
        return prefix + request_id(request, generation)

    def headers(self, request: web.Request, control: EngineControl) -> Mapping[str, str]:
        """Return the ORCA load header, if the request names one of its two formats."""
        form = request.headers.get("endpoint-load-metrics-format", "")
        if form.upper() not in ("TEXT", "JSON"):
            return {}
        usage, waiting = control.gauges()
        gauges = {"num_requests_waiting": float(waiting), "kv_cache_usage_perc": usage}
        if form.upper() == "TEXT":
            named = ", ".join(f"named_metrics.{name}={value}" for name, value in gauges.items())
            return {"endpoint-load-metrics": f"TEXT {named}"}
        spelled = ", ".join(f'"{name}": {value}' for name, value in gauges.items())
        return {"endpoint-load-metrics": f'JSON {{"named_metrics": {{{spelled}}}}}'}


VLLM: Final = VllmManners()
_MAX_DIGITS: Final = 4300
"""Python refuses to convert longer numbers."""


def request_id(request: web.Request, generation: GenerationRequest) -> str:
    """Return the client's id, from header or body, else a new one."""
    return request.headers.get("X-Request-Id") or generation.request_id or token_hex(8)


def from_header(request: web.Request, name: str, otherwise: int) -> int:
    """Read an integer from a header; anything else counts as absent."""
    found = whole(request.headers.get(name, ""))
    return otherwise if found is None else found


def whole(written: str) -> int | None:
    """Read an integer in ASCII digits, of a length that Python converts."""
    digits = written.removeprefix("-")
    return int(written) if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS else None
