"""The results of a comparison: medians over rounds, ratios to the better peer, whether promises hold."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from bench.router_cpu.plan import LINES, Line

OURS: Final = "fairlead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One router under one load."""

    router: str
    line: str
    cpu_us: float
    """Per request, of all the router's processes."""
    per_second: float
    failed: int
    wrong: str = ""
    system_us: float = 0.0
    """The kernel's part of `cpu_us`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The latency that a router adds, in microseconds, compared with sending to an engine directly at the same rate."""

    router: str
    rate: float
    common: bool
    """Whether the rate is the same for all, and not half of what this one can do."""
    p50: float
    p99: float
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All results of one run."""

    machine: str
    date: str
    versions: Mapping[str, str]
    costs: tuple[Cost, ...]
    delays: tuple[Delay, ...]
    memory_mb: Mapping[str, float]
    requests: Mapping[str, int]
    """Answered by each, over the whole run: the context for its memory."""

    @property
    def routers(self) -> tuple[str, ...]:
        """All names, ours first."""
        return tuple(self.versions)

    @property
    def peers(self) -> tuple[str, ...]:
        """All but ours."""
        return tuple(name for name in self.routers if name != OURS)

    def cpu_us(self, router: str, line: str) -> float:
        """The median over the rounds."""
        return median(self._costs(router, line, "cpu_us"))

    def system_us(self, router: str, line: str) -> float:
        """The median of the kernel's part."""
        return median(self._costs(router, line, "system_us"))

    def per_second(self, router: str, line: str) -> float:
        """Throughput under the clients of the CPU rounds."""
        return median(self._costs(router, line, "per_second"))

    def ratio(self, line: str) -> float | None:
        """Ours to the better peer's; None if one side is missing."""
        if OURS not in self.routers or not self.peers or not self._costs(OURS, line, "cpu_us"):
            return None
        return self.cpu_us(OURS, line) / min(self.cpu_us(peer, line) for peer in self.peers)

    def added(self, router: str, *, common: bool) -> tuple[float, float] | None:
        """p50 and p99, medians over the rounds."""
        rows = [one for one in self.delays if one.router == router and one.common == common]
        if not rows:
            return None
        return median(one.p50 for one in rows), median(one.p99 for one in rows)

    def rate(self, router: str, *, common: bool) -> float:
        """The rate at which the delay was measured."""
        return next((one.rate for one in self.delays if one.router == router and one.common == common), 0.0)

    @property
    def failed(self) -> int:
        """Requests of the whole run that were not answered well, for whatever reason."""
        return sum(one.failed for one in self.costs) + sum(one.failed for one in self.delays)

    @property
    def broken(self) -> Sequence[str]:
        """The broken promises, in words."""
        return [*self._dear(), *self._slow(), *self._large(), *self._wrong()]

    def _dear(self) -> list[str]:
        return [
            f"{line.name}: {ratio:.2f} of the better peer, promised {line.most:.2f}"
            for line in LINES
            if (ratio := self.ratio(line.name)) is not None and ratio > line.most
        ]

    def _slow(self) -> list[str]:
        """Both percentiles at one rate for all; at half of each one's own most, the median alone (decision 0060)."""
        return [
            *self._slower("at half of its own most", ("p50",), common=False),
            *self._slower("at one rate for all", ("p50", "p99"), common=True),
        ]

    def _slower(self, where: str, percentiles: Sequence[str], *, common: bool) -> list[str]:
        mine = self.added(OURS, common=common)
        theirs = [delay for peer in self.peers if (delay := self.added(peer, common=common)) is not None]
        if mine is None or not theirs:
            return []
        return [
            f"{name} added {where}: {mine[place]:.0f} µs, a peer adds {min(one[place] for one in theirs):.0f}"
            for place, name in enumerate(percentiles)
            if mine[place] >= min(one[place] for one in theirs)
        ]

    def _large(self) -> list[str]:
        if OURS not in self.memory_mb or not self.peers:
            return []
        mine, least = self.memory_mb[OURS], min(self.memory_mb[peer] for peer in self.peers)
        return [f"resident: {mine:.0f} MB, a peer has {least:.0f}"] if mine >= least else []

    def _wrong(self) -> list[str]:
        bad = [one for one in self.costs if one.failed and one.router == OURS]
        return [f"{one.line}: {one.failed} answers were wrong: {one.wrong!r}" for one in bad]

    def _costs(self, router: str, line: str, field: str) -> list[float]:
        return [getattr(one, field) for one in self.costs if one.router == router and one.line == line]

    def as_json(self) -> dict[str, Any]:
        """All results, with what follows."""
        ratios = {
            line.name: self.ratio(line.name) for line in LINES if self._costs(self.routers[0], line.name, "cpu_us")
        }
        return asdict(self) | {"ratios": ratios, "broken": list(self.broken)}


def lines(found: Found) -> tuple[Line, ...]:
    """The lines that were measured."""
    names = {one.line for one in found.costs}
    return tuple(line for line in LINES if line.name in names)
