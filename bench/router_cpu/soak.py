"""Our router over very many requests: is its memory flat? The first half fills what is bounded, the second decides."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.router_cpu import building, contestants, engine_page, mock_engines, ours
from bench.router_cpu.mock_engines import Load
from devcluster.cache import Cache

SLICES: Final = 20
FLAT: Final = 0.02
"""Growth that is allowed in the second half, as a share: no more than one more page table and allocator slack cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """Resident memory over the requests served."""

    requests: tuple[int, ...]
    memory_mb: tuple[float, ...]
    failed: int

    @property
    def slope(self) -> float:
        """MB per million requests over the second half, by least squares."""
        half = len(self.requests) // 2
        xs, ys = [one / 1e6 for one in self.requests[half:]], self.memory_mb[half:]
        x, y = sum(xs) / len(xs), sum(ys) / len(ys)
        spread = sum((one - x) ** 2 for one in xs)
        return sum((one - x) * (other - y) for one, other in zip(xs, ys, strict=True)) / spread if spread else 0.0

    @property
    def growth(self) -> float:
        """Of the second half, as a share."""
        half = self.memory_mb[len(self.memory_mb) // 2]
        return self.memory_mb[-1] / half - 1

    @property
    def holds(self) -> bool:
        """Whether all were answered, and memory is flat."""
        return self.failed == 0 and self.growth <= FLAT

    @property
    def line(self) -> str:
        """One line for people."""
        quarters = [self.memory_mb[round(share * (len(self.memory_mb) - 1))] for share in (0, 0.25, 0.5, 0.75, 1)]
        shown = ", ".join(f"{one:.1f}" for one in quarters)
        return (
            f"{self.requests[-1]:,} requests, {self.failed} failed: resident MB at 0, 25, 50, 75, 100 %: {shown}; "
            f"second half {self.growth:+.1%}, {self.slope:+.2f} MB a million requests"
        )


def soak(requests: int) -> Soaked:
    """Send short prompts, and streams in every tenth slice, to one router."""
    cache = Cache.chosen()
    with tempfile.TemporaryDirectory(prefix="fairlead-soak-") as made:
        folder = Path(made)
        page = folder / "engine-metrics.txt"
        engine_page.write(mock_engines.HOST, page)
        contestant = ours.contestant(folder)
        log = cache.logs / "router-bench" / "soak.log"
        with mock_engines.running(building.folder(cache), page) as mocks, contestants.running(contestant, log) as one:
            counts, sizes, failed = [0], [one.memory_mb()], 0
            for number in range(SLICES):
                load = Load(requests=requests // SLICES, seconds=600, streams=number % 10 == 9, seed=number)
                answered = mocks.run_client(contestant.target, load, contestant.keys)
                failed += answered.failed
                counts.append(counts[-1] + answered.requests)
                sizes.append(one.memory_mb())
                print(f"  {counts[-1]:>9,} requests: {sizes[-1]:.1f} MB {answered.wrong[:200]}", file=sys.stderr)
                (folder / "access.log").unlink(missing_ok=True)
            return Soaked(requests=tuple(counts), memory_mb=tuple(sizes), failed=failed)


def main(requests: int) -> int:
    """Run and print; 0 when memory is flat."""
    found = soak(requests)
    print(found.line)
    return 0 if found.holds else 1
