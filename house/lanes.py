"""`python -m house.lanes [NAME …]`: the tests lane by lane, some side by side, each with what it needs and why.

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
from devcluster.up import FEW_COLLECTIONS
from house import pure, second_run
from house.check import surroundings
from house.lane import LANES, WORLDS, Command, Lane, Phase, Track
from house.steps import COVERAGE_FOLDER
from house.tree import ROOT

EXAMPLES: Final = "40"
"""Of each property: enough to notice what changed. `make prove` and whoever sets it higher look for what is rare."""
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""Fits are small: threads that wait for each other take five times as long on two busy cores (145 s against 27 s)."""
LOW_PRIORITY: Final = ("nice", "-n", "5")
"""A third of what another lane gets while both want the cores."""
DURATIONS: Final = ("--durations=12", "--durations-min=10")
LANE_REPORT: Final = f"{COVERAGE_FOLDER}/lane.json"


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
    """Phase by phase."""
    for phase in Phase:
        tracks = [[lane for lane in chosen if (lane.phase, lane.track) == (phase, track)] for track in Track]
        yield from _side_by_side([lanes for lanes in tracks if lanes])


def _side_by_side(tracks: Sequence[Sequence[Lane]]) -> Iterator[Ran]:
    """The words of the first are seen as they come, those of the others when they are over, and it is."""
    shown, others = tracks[:1], tracks[1:]
    with ThreadPoolExecutor(max_workers=len(tracks) or 1) as pool, tempfile.TemporaryDirectory() as folder:
        logs = {lane.name: Path(folder) / lane.name for lanes in others for lane in lanes}
        running = [pool.submit(lambda track: [run(one, logs[one.name]) for one in track], track) for track in others]
        for track in shown:
            yield from map(run, track)
        for ending in running:
            for ran in ending.result():
                print(logs[ran.lane.name].read_text(encoding="utf-8", errors="replace"), flush=True)
                yield ran


def run_again(ran: Ran) -> Ran:
    """Once all is quiet: the few stories of a real world that failed, alone."""
    lane = ran.lane
    stories = second_run.failed(lane.name) if lane.real and ran.code == 1 else []
    if not second_run.is_worth_it(stories):
        return ran
    print(f"── {lane.name}: {len(stories)} failed beside other work and are told again, alone", flush=True)
    started = time.monotonic()
    code = _call(second_run.again(lane), _environment(), None)
    print(second_run.summary(lane.name, stories, well=code == 0), flush=True)
    return Ran(lane=lane, code=code, seconds=ran.seconds + time.monotonic() - started)


def run(lane: Lane, log: Path | None = None) -> Ran:
    """Run one lane; its words go where ours go, or into a file."""
    with log.open("wb") if log is not None else nullcontext() as sink:
        return _run(lane, sink)


def _run(lane: Lane, sink: IO[bytes] | None) -> Ran:
    title = f"── {lane.name}: needs {lane.world}"
    print(f"{title}; its words come at the end" if sink else title, flush=True)
    started = time.monotonic()
    environment = _environment()
    before = LOW_PRIORITY if lane.track is Track.SPARE and sink else ()
    for preparation in lane.preparations if environment.get("DEVCLUSTER") != "existing" else ():
        if _call(preparation, environment, sink, before):
            break
    code = next((failed for words in commands(lane) if (failed := _call(words, environment, sink, before))), 0)
    return Ran(lane=lane, code=code, seconds=time.monotonic() - started)


def _environment() -> dict[str, str]:
    """Ours; clusters that a lane brings up end with us too, not only with the lane."""
    return (
        {"FAIRLEAD_EXAMPLES": EXAMPLES}
        | ONE_THREAD
        | FEW_COLLECTIONS
        | os.environ
        | surroundings(ROOT)
        | owners.handed_on()
    )


def _call(words: Command, environment: Mapping[str, str], sink: IO[bytes] | None, before: Command = ()) -> int:
    """A module of this tree, to its end; before stands what starts it."""
    whole = [*before, sys.executable, "-m", *words]
    return subprocess.run(whole, cwd=ROOT, env=environment, check=False, stdout=sink, stderr=sink).returncode


def commands(lane: Lane) -> tuple[Command, ...]:
    """What a lane runs, one after the other until one fails; where it is measured, with its floors."""
    tests = ("pytest", *lane.folders, *_ignored(lane.apart), "-m", lane.marker, *DURATIONS)
    if not lane.floors:
        return ((*tests, *second_run.options(lane.name)),)
    (ROOT / COVERAGE_FOLDER).mkdir(parents=True, exist_ok=True)
    elsewhere = (*WORLDS, *(place for group in pure.GROUPS for place in group.tests))
    return (
        ("house.pure",),
        ("coverage", "erase"),
        ("coverage", "run", "-m", *tests, *_ignored(elsewhere), "-q", "-n", "2"),
        ("coverage", "combine", "--quiet"),
        ("coverage", "combine", "--quiet", "--append", "--keep", f"{pure.FOLDER}/all"),
        ("coverage", "json", "--quiet", "-o", LANE_REPORT),
        ("house.floors", LANE_REPORT, lane.floors),
    )


def _ignored(places: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"--ignore={place}" for place in places)


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
