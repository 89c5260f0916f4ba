"""The engine as the surface sees it: who takes jobs, what it can be told to do, and what it tells of itself."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from fairlead.emulator.surface.jobs import EngineJob, EngineRefusal, JobHandle, JobListener


class EngineClient(Protocol):
    """Takes work in."""

    @property
    def lag_seconds(self) -> float:
        """How far its steps are behind their due times."""

    def refusal(self, sequences: int) -> EngineRefusal | None:
        """Whether so many more would be taken; asked before the prompt is read, as vLLM does. Refusals count here."""

    def submit(self, job: EngineJob, listener: JobListener) -> JobHandle | EngineRefusal:
        """All of the job, or nothing of it."""


class LoadGauges(NamedTuple):
    """What the header `endpoint-load-metrics` tells."""

    kv_usage: float
    waiting: float


class EngineControl(Protocol):
    """Everything beside generation."""

    @property
    def alive(self) -> bool:
        """`/health` says 503 when it is not."""

    @property
    def hung(self) -> bool:
        """The fault `hang`: connections are taken and nothing is answered, health included."""

    @property
    def load(self) -> int:
        """Of `/load`: requests in work, where that is counted."""

    @property
    def sleeping(self) -> bool:
        """For `/is_sleeping`."""

    @property
    def paused(self) -> bool:
        """For `/is_paused`."""

    @property
    def faults_open(self) -> bool:
        """Whether faults can be ordered over HTTP."""

    def metrics(self) -> str:
        """The page of `/metrics`."""

    def gauges(self) -> LoadGauges:
        """As of the last step."""

    def kv_event_sources(self) -> Mapping[str, Any]:
        """By data-parallel rank, the configuration of its publisher with the endpoint resolved."""

    def add_adapter(self, name: str, path: str) -> str | None:
        """Make an adapter usable; a text is why it cannot be (answered as 500)."""

    def remove_adapter(self, name: str) -> None:
        """Forget an adapter; requests that run with it run on."""

    async def sleep(self, level: int, mode: str) -> None:
        """Fall asleep; `mode` is abort, wait or keep."""

    async def wake(self, tags: Sequence[str] | None) -> bool:
        """Wake what the tags name, or everything; whether all of it is awake now."""

    async def pause(self, mode: str) -> None:
        """Stop generating; new requests hang."""

    async def resume(self) -> None:
        """Go on."""

    def reset_prefix_cache(self, *, reset_running: bool) -> bool:
        """Drop what is cached; whether it could be done."""

    def abort_requests(self, request_ids: Sequence[str]) -> int:
        """End those requests, all when none is named; how many there were."""

    def change_fault(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """Order another fault; what is in force now. `ValueError` says what is wrong with the order."""

    def observed(self, seen: "RequestObservation") -> None:
        """One HTTP request was answered."""


class RequestObservation(NamedTuple):
    """What the HTTP metrics count of one request."""

    route: str
    method: str
    status: int
    seconds: float
    request_bytes: int
    response_bytes: int
