"""`python -m house.lanes [NAME …]`: run the tests lane by lane, a few at a time, with what each needs and why.

Every lane runs even if an earlier one failed, so that one run shows all failures.
"""

import os
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from devcluster import owners
from devcluster.cache import Cache
from devcluster.up import FEW_COLLECTIONS
from house import kept_lanes, limited_run, pure, second_run, seeds
from house.check import surroundings
from house.lane import IN_LANE, LANES, Command, Lane
from house.pure import Held
from house.tree import ROOT

EXAMPLES: Final = "40"
"""Examples per property: enough to detect a change. `make prove`, or a higher setting, searches for rare cases."""
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""Fits are small: threads that wait for each other take five times as long on two busy cores (145 s against 27 s)."""
AT_ONCE: Final = 4
"""Lanes with real clusters mostly wait: fewer leave two cores idle, and with five some miss deadlines."""
LOW_PRIORITY: Final = ("nice", "-n", "5")
"""A third of another lane's CPU time while both compete."""
DURATIONS: Final = ("--durations=12", "--durations-min=10")
STILL_RUNNING_S: Final = 300.0
"""Seconds without a result after which the running lanes are named: who reads a log that was cut off sees them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The result of a lane."""

    lane: Lane
    code: int
    seconds: float


def main(argv: Sequence[str] | None = None) -> int:
    """Run the named lanes, or all but those that must be named; return 0 if all passed."""
    names = list(sys.argv[1:] if argv is None else argv)
    unknown = [name for name in names if name not in {lane.name for lane in LANES}]
    if unknown:
        text = ", ".join(lane.name for lane in LANES)
        print(f"lanes: there is no lane {unknown[0]!r}; lanes: {text}", file=sys.stderr)
        return 2
    chosen = chosen_of(names, in_ci="CI" in os.environ)
    kept = [] if names else that_may_be_passed_over(chosen)
    now = {lane.name: kept_lanes.facts(ROOT, lane, _examples(lane)) for lane in kept}
    unchanged = [lane for lane in chosen if lane.name in now and kept_lanes.holds(ROOT, lane, now[lane.name])]
    first = list(run_all([lane for lane in chosen if lane not in unchanged]))
    _keep(first, now)
    ran = [run_again(one) for one in first]
    print("".join(f"{lane.name}: as it was when it last held; not run again\n" for lane in unchanged), end="")
    print("\n".join([*table(ran), *what_failed(ran)]), flush=True)
    return 0 if all(one.code == 0 for one in ran) else 1


def chosen_of(names: Collection[str], *, in_ci: bool) -> list[Lane]:
    """The named lanes; without names all but those that must be named, and in CI all but those that claims repeat."""
    found = [lane for lane in LANES if lane.name in names or not (names or lane.only_named)]
    left_out = [lane for lane in found if lane.by_claims and in_ci and not names]
    print("".join(f"{lane.name}: left out of CI, claims repeat it (`make prove`)\n" for lane in left_out), end="")
    return [lane for lane in found if lane not in left_out]


def what_failed(ran: Sequence[Ran]) -> list[str]:
    """Names of the failed tests, printed last: a truncated log keeps its end."""
    names = [one.lane.name for one in ran if one.code != 0 and not one.lane.modules]
    return [line for name in names for line in second_run.at_the_end(name)]


def that_may_be_passed_over(chosen: Sequence[Lane]) -> list[Lane]:
    """Lanes that depend only on files of ours; none with a cluster that we did not create."""
    return [] if _is_elsewhere(os.environ) else [lane for lane in chosen if lane.kept]


def _keep(ran: Sequence[Ran], now: Mapping[str, Held]) -> None:
    """Record the results for the next run, here or in a new clone, as `make check` does."""
    held = [one.lane for one in ran if one.code == 0 and one.lane.name in now]
    for lane in held:
        kept_lanes.remember(ROOT, lane, now[lane.name])
    if held:
        seeds.give(ROOT, Cache.chosen())


def _examples(lane: Lane) -> int:
    return int(_environment(lane)[pure.EXAMPLES])


def run_all(chosen: Sequence[Lane]) -> Iterator[Ran]:
    """Yield results as lanes end: a single lane's output is streamed, that of several is printed when each ends."""
    if len(chosen) == 1:
        yield run(chosen[0])
        return
    waiting, running = list(chosen), dict[Future[Ran], Lane]()
    with ThreadPoolExecutor(max_workers=len(chosen) or 1) as pool, tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while lane := next_one(waiting, running.values()):
                waiting.remove(lane)
                running[pool.submit(run, lane, Path(folder) / lane.name)] = lane
            done = wait(running, timeout=STILL_RUNNING_S, return_when=FIRST_COMPLETED).done
            for ended in done:
                print((Path(folder) / running.pop(ended).name).read_text(encoding="utf-8", errors="replace"))
                print("\n".join(table([ended.result()])), flush=True)
                yield ended.result()
            print(still_running(running.values(), waiting), end="", flush=True)


def still_running(running: Collection[Lane], waiting: Collection[Lane]) -> str:
    """The line that names the lanes without a result."""
    named = [", ".join(lane.name for lane in lanes) for lanes in (running, waiting)]
    parts = [f"{what}: {names}" for what, names in zip(("running", "not begun"), named, strict=True) if names]
    return f"{'; '.join(parts)}\n" if parts else ""


def next_one(waiting: Sequence[Lane], running: Collection[Lane]) -> Lane | None:
    """The first waiting lane that no running lane excludes, if there is a free slot for it."""
    found = next((lane for lane in waiting if not any(lane.keeps_out(other) for other in running)), None)
    taken = sum(lane.slots for lane in running)
    return found if found and taken + found.slots <= AT_ONCE else None


def run_again(ran: Ran) -> Ran:
    """Rerun a few failed tests, or a lane that did not end, alone, after the other lanes have ended."""
    lane = ran.lane
    if lane.real and ran.code == limited_run.OVERRAN:
        return _all_again(ran, lane, "did not end")
    if lane.again and ran.code == 1:
        return _all_again(ran, replace(lane, modules=lane.again), "failed")
    stories = second_run.failed(lane.name) if lane.real and ran.code == 1 else []
    if not second_run.is_worth_it(stories):
        return ran
    print(f"── {lane.name}: {len(stories)} failed beside other work and run again, alone", flush=True)
    started = time.monotonic()
    code = _call(second_run.again(lane.name, lane.folders, lane.marker), _environment(lane), None)
    print(second_run.summary(lane.name, stories, well=code == 0), flush=True)
    return Ran(lane=lane, code=code, seconds=ran.seconds + time.monotonic() - started)


def _all_again(ran: Ran, lane: Lane, what: str) -> Ran:
    print(f"── {lane.name}: {what} beside other work and runs again, alone", flush=True)
    alone = run(lane)
    return Ran(lane=ran.lane, code=alone.code, seconds=ran.seconds + alone.seconds)


def run(lane: Lane, log: Path | None = None) -> Ran:
    """Run one lane; its output is passed through, or goes into a file."""
    with log.open("wb") if log is not None else nullcontext() as sink:
        return _run(lane, sink)


def _run(lane: Lane, sink: IO[bytes] | None) -> Ran:
    title = f"── {lane.name}: needs {lane.world}"
    print(f"{title}; its output follows when it ends" if sink else title, flush=True)
    started = time.monotonic()
    environment = _environment(lane)
    before = LOW_PRIORITY if lane.patient and sink else ()
    for preparation in () if _is_elsewhere(environment) else lane.preparations:
        if _call(preparation, environment, sink, before):
            break
    code = next((failed for words in commands(lane) if (failed := _call(words, environment, sink, before))), 0)
    return Ran(lane=lane, code=code, seconds=time.monotonic() - started)


def _is_elsewhere(environment: Mapping[str, str]) -> bool:
    """Whether the cluster is not ours, so that we know nothing about it."""
    return environment.get("DEVCLUSTER") == "existing"


def _environment(lane: Lane) -> dict[str, str]:
    """Our environment; clusters that a lane creates end with this process, not only with the lane."""
    return (
        {pure.EXAMPLES: EXAMPLES}
        | ONE_THREAD
        | FEW_COLLECTIONS
        | os.environ
        | {IN_LANE: lane.name}
        | surroundings(ROOT)
        | owners.handed_on()
    )


def _call(words: Command, environment: Mapping[str, str], sink: IO[bytes] | None, before: Command = ()) -> int:
    """Run a module of this tree to its end; `before` is the command prefix."""
    whole = [*before, sys.executable, "-m", *words]
    return limited_run.code_of(whole, ROOT, environment, sink)


def commands(lane: Lane) -> tuple[Command, ...]:
    """The commands of a lane, run in order until one fails."""
    ignored = _ignored(lane.apart)
    tests = ("pytest", *lane.folders, *ignored, "-m", lane.marker, *DURATIONS, *second_run.options(lane.name))
    return lane.modules or (tests,)


def _ignored(places: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"--ignore={place}" for place in places)


def table(ran: Sequence[Ran]) -> list[str]:
    """Format a row per lane."""
    width = max(len(one.lane.name) for one in ran)
    return [
        f"{one.lane.name:<{width}}  {'✓' if one.code == 0 else '✗'}  {one.seconds:6.1f} s{_because(one.code)}"
        for one in ran
    ]


def _because(code: int) -> str:
    """Explain pytest's exit codes other than failure; a lane without tests proves nothing and fails."""
    meanings = {2: "interrupted", 3: "pytest itself failed", 4: "pytest was called wrongly", 5: "no test ran"}
    meanings[limited_run.OVERRAN] = (
        f"did not end within {limited_run.LONGEST_S / 60:.0f} minutes: ended, see its stacks"
    )
    return f"  {meanings[code]}" if code in meanings else ""


if __name__ == "__main__":
    raise SystemExit(main())
