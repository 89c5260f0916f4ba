"""What differs between kinds of engines from a request to its reply: names, refusals, priorities, ids, headers."""

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
        """The model's name in the response, and the adapter to use."""

    def cards(self) -> dict[str, Any]:
        """The response of `/v1/models`."""

    def load(self, name: str, path: str, *, inplace: bool) -> str:
        """Load an adapter; returns what the client is told."""

    def unload(self, name: str) -> str:
        """Unload an adapter; returns what the client is told."""


class ReplyManners(Protocol):
    """One kind's manners."""

    @property
    def cuts_failed(self) -> bool:
        """Whether a reply that fails inside the engine is a connection that ends, without a word."""

    def names(self, served: ServeArguments, acts: EngineControl, clock: Callable[[], float]) -> ModelNames:
        """The names of its model and its adapters."""

    def fingerprint(self, served: ServeArguments) -> str:
        """`system_fingerprint` of its responses; empty where it has none."""

    def refused(self, refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
        """A refusal in its words."""

    def refuses_in_stream(self, refusal: EngineRefusal) -> bool:
        """Whether a request for a stream gets this refusal with status 200, as the stream's first event."""

    def priority(self, request: web.Request, generation: GenerationRequest) -> int:
        """The priority of a request, from its header or its body."""

    def answer_id(self, request: web.Request, generation: GenerationRequest, prefix: str) -> str:
        """The id of the response."""

    def headers(self, request: web.Request, acts: EngineControl) -> Mapping[str, str]:
        """Headers of a whole response."""


class VllmManners:
    """Those of vLLM 0.32."""

    cuts_failed = False

    def names(self, served: ServeArguments, acts: EngineControl, clock: Callable[[], float]) -> ModelNames:
        """An adapter is called by its own name."""
        return ServedModelNames(served, acts, clock)

    def fingerprint(self, served: ServeArguments) -> str:
        """The version, the degrees of parallelism, and eight hexadecimal digits that depend on the configuration."""
        parallel = served.memory.parallelism
        degrees = {"tp": parallel.tensor, "pp": parallel.pipeline, "dp": parallel.data}
        spread = [f"{name}{degree}" for name, degree in degrees.items() if degree > 1]
        spread += ["ep"] if served.memory.expert_parallel else []
        settings = repr((served.model, served.limits, served.memory))
        return "-".join((f"vllm-{VERSION}", *spread, sha256(settings.encode()).hexdigest()[:8]))

    def refused(self, refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
        """Always with the error's own status."""
        return errors.of(refusal, lag_seconds)

    def refuses_in_stream(self, refusal: EngineRefusal) -> bool:  # noqa: ARG002 - the interface's
        """It refuses before it answers."""
        return False

    def priority(self, request: web.Request, generation: GenerationRequest) -> int:
        """The header counts more than the body."""
        return from_header(request, "X-Vllm-Priority", generation.priority)

    def answer_id(self, request: web.Request, generation: GenerationRequest, prefix: str) -> str:
        """The request id from the header, else from the body, else a new one, after the route's prefix."""
        return prefix + request_id(request, generation)

    def headers(self, request: web.Request, acts: EngineControl) -> Mapping[str, str]:
        """The ORCA load header, if the request names one of its two formats."""
        form = request.headers.get("endpoint-load-metrics-format", "")
        if form.upper() not in ("TEXT", "JSON"):
            return {}
        usage, waiting = acts.gauges()
        gauges = {"num_requests_waiting": float(waiting), "kv_cache_usage_perc": usage}
        if form.upper() == "TEXT":
            named = ", ".join(f"named_metrics.{name}={value}" for name, value in gauges.items())
            return {"endpoint-load-metrics": f"TEXT {named}"}
        spelled = ", ".join(f'"{name}": {value}' for name, value in gauges.items())
        return {"endpoint-load-metrics": f'JSON {{"named_metrics": {{{spelled}}}}}'}


VLLM: Final = VllmManners()


def request_id(request: web.Request, generation: GenerationRequest) -> str:
    """The id that the client gave, in a header or the body, else a new one."""
    return request.headers.get("X-Request-Id") or generation.request_id or token_hex(8)


def from_header(request: web.Request, name: str, otherwise: int) -> int:
    """An integer from a header; anything else counts as absent."""
    written = request.headers.get(name, "")
    return int(written) if written.removeprefix("-").isdigit() else otherwise
