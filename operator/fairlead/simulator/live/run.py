"""One sequence of a job while the engine works on it: the scheduler's request, and whom to tell."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fairlead.sim.engine.request import Request, Standing
from fairlead.simulator.surface.job import Ending, Job, Listener, Times


@dataclass(slots=True, eq=False, kw_only=True)
class Run(Request):
    """A request of the scheduler that knows its feed."""

    feed: "Feed" = field(repr=False)
    index: int
    """Which sequence of its job."""
    came: float
    """When the server had read it: the clock's time, where `arrived` is the engine's."""
    max_tokens: int
    told: float = 0.0
    """When its last token was told, by the clock."""
    begun: float = 0.0
    """When its first token was told."""
    salt: str | None = None


class Feed:
    """A job that the engine took, until each of its sequences has ended."""

    __slots__ = ("_drop", "cached_tokens", "job", "left", "listener", "over", "runs", "times")

    def __init__(self, job: Job, listener: Listener, drop: "Callable[[Feed], None]") -> None:
        self.job = job
        self.listener = listener
        self.runs: list[Run] = []
        self.left = len(job.sequences)
        self.over = False
        """Nobody is to be told anything more."""
        self.cached_tokens = [0] * self.left
        self.times: Times | None = None
        self._drop = drop

    def cancel(self) -> None:
        """The client is gone."""
        if not self.over:
            self.over = True
            self._drop(self)

    def end(self, ending: Ending) -> None:
        """From below; said once."""
        if not self.over:
            self.over = True
            self.listener.on_end(ending)

    @property
    def unfinished(self) -> list[Run]:
        """Those that the scheduler still knows."""
        return [run for run in self.runs if run.standing is not Standing.ENDED]
