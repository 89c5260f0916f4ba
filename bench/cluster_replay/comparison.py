"""One run beside the other: what is compared, and how far apart it may be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.cluster_replay.courses import Course
from fairlead.cli.recorded_latency import RecordedLatency

MAX_APART: Final = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The figures of a run, real or simulated."""

    course: Course
    """Of the recommended replicas."""
    gpu_s: float
    ttft_p50: float
    ttft_p95: float
    seconds: float

    @property
    def words(self) -> str:
        """All figures in one line."""
        return (
            f"TTFT p50 {self.ttft_p50:.3f} s, p95 {self.ttft_p95:.3f} s, GPU time {self.gpu_s / 60:.1f} min; "
            f"replicas: {self.course}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How far apart two runs are."""

    apart: Mapping[str, float]

    @property
    def holds(self) -> bool:
        """Whether no figure is further apart than allowed."""
        return all(abs(one) <= MAX_APART for one in self.apart.values())

    @property
    def words(self) -> str:
        """All differences in one line."""
        return ", ".join(f"{name} {one:+.1%}" for name, one in self.apart.items())


def compared(real: Run, played: Run) -> Compared:
    """Compare the simulated run with the real one."""
    return Compared(
        apart={
            "replica timeline": real.course.apart(played.course, real.seconds),
            "TTFT p50": played.ttft_p50 / real.ttft_p50 - 1,
            "TTFT p95": played.ttft_p95 / real.ttft_p95 - 1,
            "GPU time": played.gpu_s / real.gpu_s - 1,
        }
    )


def played(document: Mapping[str, Any], first: int, seconds: float) -> Run:
    """The run that `fairlead simulate -o json` printed for its only candidate."""
    (one,) = document["candidates"]
    figures = {name: found["mean"] for name, found in one["figures"].items() if found}
    changes = ((change["atSeconds"], change["to"]) for change in one["runs"][0]["decisions"])
    return Run(
        course=Course.of(first, changes),
        gpu_s=3600 * figures["gpuHours"],
        ttft_p50=figures["ttftP50Seconds"],
        ttft_p95=figures["ttftP95Seconds"],
        seconds=seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEvents:
    """The events of two watches, and the period that counts."""

    counts: Sequence[tuple[float, str]]
    pods: Sequence[tuple[float, str]]
    began: float
    seconds: float


def real(events: WatchEvents, latency: RecordedLatency) -> Run:
    """The real run."""
    return Run(
        course=course(events),
        gpu_s=sum(_spans(events)),
        ttft_p50=latency.ttft_p50,
        ttft_p95=latency.ttft_p95,
        seconds=events.seconds,
    )


def course(events: WatchEvents) -> Course:
    """The course of recommendations."""
    changes = [(at - events.began, int(line)) for at, line in events.counts if line.isdigit()]
    return Course.of(changes[0][1], changes)


def _spans(events: WatchEvents) -> Iterable[float]:
    """How long each pod existed within the period that counts."""
    came, went = dict[str, float](), dict[str, float]()
    for at, line in events.pods:
        kind, _, name = line.partition(" ")
        came.setdefault(name, at)
        if kind == "DELETED":
            went[name] = at
    ends = events.began + events.seconds
    for name, since in came.items():
        yield max(min(went.get(name, ends), ends) - max(since, events.began), 0.0)
