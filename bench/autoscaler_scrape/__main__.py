"""`python -m bench.autoscaler_scrape`: 0 when scraping takes at most half a core and memory stays flat.

The pods run in processes of their own. Only this process is measured: it scrapes them as the autoscaler does, and reads
all samples once a second, as the autoscaler's loop does.
"""

import argparse
import asyncio
import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from bench.router_cpu import engine_page
from fairlead.autoscaler.samples import pod_figures
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.autoscaler.samples.scraper import Scraper
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.policies import Objectives, ScalingPolicy
from house.tree import ROOT

HOSTS: Final = ("127.0.0.41", "127.0.0.42")
FIRST_PORT: Final = 20_000
WARM_SECONDS: Final = 30.0
"""Long enough for the first collection of the garbage collector's oldest generation."""
MAX_CORES: Final = 0.5
MAX_GROWTH: Final = 0.05
"""Of resident memory, after the warm-up."""
OLDEST_HUNDREDTHS: Final = 6000
MAX_DOUBTED: Final = 0.001
"""Share of sample reads that may find a doubt: the pods share this machine's cores, and some answer late."""
POLICY: Final = ScalingPolicy(objectives=Objectives(ttft_p95_seconds=1.0, tpot_p95_seconds=0.06))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One run."""

    cores: float
    megabytes_early: float
    megabytes_late: float
    ages: tuple[int, ...]
    """A histogram of all samples' ages at every read, in hundredths of a second."""
    scrapes: int
    page_bytes: float
    doubted: int
    seconds: float

    @property
    def flat(self) -> bool:
        """Whether memory stayed flat."""
        return self.megabytes_late <= self.megabytes_early * (1 + MAX_GROWTH)

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        return self.cores <= MAX_CORES and self.flat and self.doubted <= MAX_DOUBTED * sum(self.ages)

    def age(self, share: float) -> float:
        """The age in seconds that this share of all samples did not exceed."""
        wanted, counted = share * sum(self.ages), 0
        for hundredths, count in enumerate(self.ages):
            counted += count
            if counted >= wanted:
                return hundredths / 100
        return len(self.ages) / 100


def targets(count: int) -> list[ScrapeTarget]:
    """Half of them on each address."""
    each = count // len(HOSTS)
    return [
        ScrapeTarget(
            uid=f"{host}-{number}",
            namespace="bench",
            name=f"pod-{number}",
            ip=host,
            port=FIRST_PORT + number,
            kind=EngineKind.SIMULATED,
        )
        for host in HOSTS
        for number in range(each)
    ]


@contextmanager
def pods(page: Path, count: int) -> Iterator[None]:
    """Run the pods' processes until the block ends."""
    each = str(count // len(HOSTS))
    words = [sys.executable, "-m", "bench.autoscaler_scrape.pods", str(page)]
    paths = os.environ | {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}
    started = [
        subprocess.Popen([*words, host, str(FIRST_PORT), each], env=paths, stdout=subprocess.PIPE) for host in HOSTS
    ]
    try:
        for one in started:
            assert one.stdout is not None
            if one.stdout.readline().strip() != b"ready":
                raise SystemExit("bench: the pods did not start")
        yield
    finally:
        for one in started:
            one.terminate()
            one.wait()
            assert one.stdout is not None
            one.stdout.close()


async def scrape(scrape_targets: list[ScrapeTarget], every: float, seconds: float) -> Found:
    """Scrape the targets for `seconds`; the first seconds, in which connections are made, are not counted."""
    scraper = Scraper(interval_seconds=every)
    scraper.start()
    scraper.follow(scrape_targets)
    await asyncio.sleep(WARM_SECONDS)
    gc.collect()
    early, cpu, began = _megabytes(), _cpu_seconds(), time.monotonic()
    views, taken = scraper.tallies.scrapes, scraper.tallies.bytes_read
    ages = [0] * OLDEST_HUNDREDTHS
    doubted = 0
    while time.monotonic() - began < seconds:
        await asyncio.sleep(1.0)
        now = time.time()
        for one in scrape_targets:
            figures, problem = pod_figures.pod(scraper.engine(one.uid), POLICY, now)
            doubted += problem is not None
            if figures is not None:
                ages[min(OLDEST_HUNDREDTHS - 1, int(100 * (now - figures.at)))] += 1
    passed = time.monotonic() - began
    cores = (_cpu_seconds() - cpu) / passed
    gc.collect()
    late, views, taken = _megabytes(), scraper.tallies.scrapes - views, scraper.tallies.bytes_read - taken
    await scraper.close()
    return Found(
        cores=cores,
        megabytes_early=early,
        megabytes_late=late,
        ages=tuple(ages),
        scrapes=views,
        page_bytes=taken / max(views, 1),
        doubted=doubted,
        seconds=passed,
    )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.autoscaler_scrape", description=__doc__)
    parser.add_argument("--pods", type=int, default=2000)
    parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as made:
        page = Path(made) / "metrics.txt"
        engine_page.write(HOSTS[0], page)
        with pods(page, options.pods):
            run = uvloop.run if options.loop == "uvloop" else asyncio.run
            found = run(scrape(targets(options.pods), options.every, options.seconds))
    print(
        f"{options.pods} pods every {options.every:g} s for {found.seconds:.0f} s on {options.loop}: "
        f"{found.scrapes} looks,"
    )
    each = 1e6 * found.cores * found.seconds / found.scrapes
    print(f"  pages of {found.page_bytes:.0f} bytes, {each:.0f} us of CPU a scrape")
    print(f"memory {found.megabytes_early:.1f} MB after {WARM_SECONDS:g} s, {found.megabytes_late:.1f} MB at the end")
    print(f"age of figures p50 {found.age(0.5):.2f} s, p99 {found.age(0.99):.2f} s, most {found.age(1.0):.2f} s")
    print(f"figures in doubt {found.doubted}")
    print(f"figure: cores {found.cores:.3f} (at most {MAX_CORES:g})")
    return 0 if found.kept else 1


if __name__ == "__main__":
    sys.exit(main())
