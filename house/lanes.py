"""`python -m house.lanes [NAME …]`: the tests lane by lane, quickest first, each with what it needs and why.

Every lane runs even when an earlier one failed: one look tells all that is wrong.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from devcluster import owners
from house import floors, second_run
from house.check import surroundings
from house.steps import COVERAGE_FOLDER
from house.tree import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Tests that need the same world."""

    name: str
    marker: str
    world: str
    folders: tuple[str, ...] = ("tests",)
    """Where they are: to collect all tests takes a quarter of a minute."""
    preparations: tuple[tuple[str, ...], ...] = ()
    """Modules to run first, where their progress can be seen; what cannot be had, the tests themselves will say."""
    floors: str = ""
    """The table of floors in pyproject.toml that its coverage is held to; empty: it is not measured."""
    beside: str = ""
    """The lane during which it runs, its words kept until the end: that one mostly waits for a cluster."""
    real: bool = False
    """A real world that misses deadlines on a busy machine: a few stories that failed are told once more, alone."""
    only_named: bool = False
    """Not run unless asked for by name: it fetches 6 GB, or tells at length what another lane tells in short."""


EXAMPLES: Final = "40"
"""Of each property: enough to notice what changed. `make prove` and whoever sets it higher look for what is rare."""
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""Fits are small: threads that wait for each other take five times as long on two busy cores (145 s against 27 s)."""
LOW_PRIORITY: Final = ("nice", "-n", "5")
"""What runs beside another lane gets a third of what that one gets while both want the cores."""
DURATIONS: Final = ("--durations=12", "--durations-min=10")
LANE_REPORT: Final = f"{COVERAGE_FOLDER}/lane.json"
LIGHT: Final = ("devcluster", "prepare", "--light")
WHOLE: Final = ("devcluster", "prepare")
IMAGE: Final = ("devcluster.image.build",)
SCHEMAS: Final = ("house.kube_schemas",)
REDIS: Final = ("house.redis_server",)
PROMETHEUS: Final = ("house.prometheus_server",)
REAL_VLLM: Final = ("house.real_vllm",)

LANES: Final = (
    Lane(
        name="pure",
        marker="not house and not apiserver and not node and not vllm and not conformance and not recipe",
        world="nothing but Python",
        floors=floors.REST,
    ),
    Lane(
        name="conformance",
        marker="conformance",
        folders=("tests/conformance", "tests/router"),
        world="`fairlead engine`, asked over HTTP as real vLLM was; a real Redis and a real Prometheus",
        preparations=(REDIS, PROMETHEUS),
    ),
    Lane(
        name="apiserver",
        marker="apiserver",
        folders=("tests/apiserver",),
        world="etcd and a kube-apiserver; no root",
        preparations=(LIGHT, SCHEMAS),
        beside="node",
        real=True,
    ),
    Lane(
        name="node",
        marker="node",
        folders=("tests/node",),
        world="a Ready node; root, or DEVCLUSTER=existing KUBECONFIG=…",
        preparations=(WHOLE, IMAGE),
        real=True,
    ),
    Lane(
        name="vllm",
        marker="vllm",
        folders=("tests/vllm",),
        world="real vLLM on CPU: 6 GB in the cache",
        preparations=(REAL_VLLM,),
        only_named=True,
    ),
    Lane(name="house", marker="house", folders=("tests/house",), world="a copy of this tree", beside="node"),
    Lane(
        name="recipes",
        marker="recipe",
        folders=("tests/house",),
        world="a copy of this tree for each recipe of CONTRIBUTING.md",
        only_named=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a lane went."""

    lane: Lane
    code: int
    seconds: float


def main(argv: Sequence[str] | None = None) -> int:
    """Run the named lanes, or all but those that must be named; 0 when every one of them passed."""
    names = list(sys.argv[1:] if argv is None else argv)
    unknown = [name for name in names if name not in {lane.name for lane in LANES}]
    if unknown:
        text = ", ".join(lane.name for lane in LANES)
        print(f"lanes: there is no lane {unknown[0]!r}; lanes: {text}", file=sys.stderr)
        return 2
    chosen = [lane for lane in LANES if lane.name in names or not (names or lane.only_named)]
    ran = [run_again(one) for one in list(run_all(chosen))]
    print("\n".join(table(ran)), flush=True)
    return 0 if all(one.code == 0 for one in ran) else 1


def run_all(chosen: Sequence[Lane]) -> Iterator[Ran]:
    """One after the other, but for those that run beside one that was chosen too: they follow each other there."""
    names = {lane.name for lane in chosen}
    with ThreadPoolExecutor(max_workers=1) as pool, tempfile.TemporaryDirectory() as folder:
        for lane in (one for one in chosen if one.beside not in names):
            logs = {one.name: Path(folder) / one.name for one in chosen if one.beside == lane.name}
            companions = [pool.submit(run, one, logs[one.name]) for one in chosen if one.name in logs]
            yield run(lane)
            for companion in companions:
                ended = companion.result()
                print(logs[ended.lane.name].read_text(encoding="utf-8", errors="replace"), flush=True)
                yield ended


def run_again(ran: Ran) -> Ran:
    """Once all is quiet: the few stories of a real world that failed, alone."""
    lane = ran.lane
    stories = second_run.failed(lane.name) if lane.real and ran.code == 1 else []
    if not second_run.is_worth_it(stories):
        return ran
    print(f"── {lane.name}: {len(stories)} failed beside other work and are told again, alone", flush=True)
    started = time.monotonic()
    code = _call(second_run.again(lane.name, lane.marker, lane.folders), _environment(), None)
    print(second_run.summary(lane.name, stories, well=code == 0), flush=True)
    return Ran(lane=lane, code=code, seconds=ran.seconds + time.monotonic() - started)


def run(lane: Lane, log: Path | None = None) -> Ran:
    """Run one lane; its words go where ours go, or into a file."""
    with log.open("wb") if log is not None else nullcontext() as sink:
        return _run(lane, sink)


def _run(lane: Lane, sink: IO[bytes] | None) -> Ran:
    title = f"── {lane.name}: needs {lane.world}"
    print(f"{title}, beside the lane below" if sink else title, flush=True)
    started = time.monotonic()
    environment = _environment()
    for preparation in lane.preparations if environment.get("DEVCLUSTER") != "existing" else ():
        if _call(preparation, environment, sink):
            break
    code = next((failed for words in commands(lane) if (failed := _call(words, environment, sink))), 0)
    return Ran(lane=lane, code=code, seconds=time.monotonic() - started)


def _environment() -> dict[str, str]:
    """Ours; clusters that a lane brings up end with us too, not only with the lane."""
    return {"FAIRLEAD_EXAMPLES": EXAMPLES} | ONE_THREAD | os.environ | surroundings(ROOT) | owners.handed_on()


def _call(words: Sequence[str], environment: Mapping[str, str], sink: IO[bytes] | None) -> int:
    """A module of this tree, to its end; whose words are kept, it takes what the lane that it is beside leaves over."""
    whole = [*(LOW_PRIORITY if sink else ()), sys.executable, "-m", *words]
    return subprocess.run(whole, cwd=ROOT, env=environment, check=False, stdout=sink, stderr=sink).returncode


def commands(lane: Lane) -> tuple[tuple[str, ...], ...]:
    """What a lane runs, one after the other until one fails; where it is measured, with its floors."""
    tests = ("pytest", *lane.folders, "-m", lane.marker, *DURATIONS, *second_run.options(lane.name))
    if not lane.floors:
        return (tests,)
    (ROOT / COVERAGE_FOLDER).mkdir(parents=True, exist_ok=True)
    return (
        ("coverage", "erase"),
        ("coverage", "run", "-m", *tests, "-q", "-n", "2"),
        ("coverage", "combine", "--quiet"),
        ("coverage", "json", "--quiet", "-o", LANE_REPORT),
        ("house.floors", LANE_REPORT, lane.floors),
    )


def table(ran: Sequence[Ran]) -> list[str]:
    """A row a lane."""
    width = max(len(one.lane.name) for one in ran)
    return [
        f"{one.lane.name:<{width}}  {'✓' if one.code == 0 else '✗'}  {one.seconds:6.1f} s{_because(one.code)}"
        for one in ran
    ]


def _because(code: int) -> str:
    """pytest's exit codes that are no plain failure; a lane without tests proves nothing and fails."""
    meanings = {2: "interrupted", 3: "pytest itself failed", 4: "pytest was called wrongly", 5: "no test ran"}
    return f"  {meanings[code]}" if code in meanings else ""


if __name__ == "__main__":
    raise SystemExit(main())
