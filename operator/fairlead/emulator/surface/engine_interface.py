"""The engine as `surface` uses it: job submission, control operations, and reported state."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from fairlead.emulator.surface.jobs import EngineJob, EngineRefusal, JobHandle, JobListener


class EngineClient(Protocol):
    """Accepts jobs."""

    @property
    def lag_seconds(self) -> float:
        """How late its steps are noticed after their due times."""

    def refusal(self, sequences: int) -> EngineRefusal | None:
        """Return and count why this many sequences would be refused; called before the prompt is read, as in vLLM."""

    def submit(self, job: EngineJob, listener: JobListener) -> JobHandle | EngineRefusal:
        """Accept all sequences of the job, or none of them."""


class LoadGauges(NamedTuple):
    """The values of the response header `endpoint-load-metrics`."""

    kv_usage: float
    waiting: float


class RankLoad(NamedTuple):
    """What one data-parallel rank does as of its last step."""

    running: int
    waiting: int
    usage: float


class EngineControl(Protocol):
    """Control operations, and the state that the engine reports."""

    @property
    def alive(self) -> bool:
        """Whether the engine is alive; otherwise `/health` returns 503."""

    @property
    def responsive(self) -> bool:
        """Whether a request would get a token now."""

    @property
    def draining(self) -> bool:
        """Whether it has been asked to end and finishes its requests."""

    @property
    def hung(self) -> bool:
        """Whether the fault `hang` is in force: no request gets a response, not even `/health`."""

    @property
    def load(self) -> int:
        """For `/load`: requests in flight, if they are counted."""

    @property
    def sleeping(self) -> bool:
        """For `/is_sleeping`."""

    @property
    def paused(self) -> bool:
        """For `/is_paused`."""

    @property
    def faults_open(self) -> bool:
        """Whether faults can be injected over HTTP."""

    def metrics(self) -> str:
        """Return the exposition of `/metrics`."""

    def iterations(self) -> Sequence[Mapping[str, Any]]:
        """Return statistics of steps not yet read, for a kind that keeps them."""

    def gauges(self) -> LoadGauges:
        """Return KV cache usage and queue depth."""

    def rank_loads(self) -> Sequence[RankLoad]:
        """Return what each rank does now."""

    def kv_event_sources(self) -> Mapping[str, Any]:
        """Return each rank's KV event publisher configuration, with the endpoint resolved."""

    def add_adapter(self, name: str, path: str) -> str | None:
        """Make an adapter usable; a text says why that failed (the response is then 500)."""

    def remove_adapter(self, name: str) -> None:
        """Forget an adapter; requests in flight with it continue."""

    async def sleep(self, level: int, mode: str) -> None:
        """Sleep; `mode` is abort, wait or keep."""

    async def wake(self, tags: Sequence[str] | None) -> bool:
        """Wake what the tags name, or everything; return whether all is awake now."""

    async def pause(self, mode: str) -> None:
        """Stop generating; new requests wait."""

    async def resume(self) -> None:
        """Resume generation."""

    def reset_prefix_cache(self, *, reset_running: bool) -> bool:
        """Empty the prefix cache; return whether that was possible."""

    def abort_requests(self, request_ids: Sequence[str]) -> int:
        """Abort the named requests, or all of them if none is named; return how many there were."""

    def change_fault(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Inject another fault; return the order in force. `ValueError` says what is wrong with it."""

    def observed(self, observation: "RequestObservation") -> None:
        """Count one HTTP request that got its response."""


class RequestObservation(NamedTuple):
    """What the HTTP metrics record about one request."""

    route: str
    method: str
    status: int
    seconds: float
    request_bytes: int
    response_bytes: int
