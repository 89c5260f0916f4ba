"""`python -m house.pure [--rest | --again | --floors]`: run the tests of the rooms that decide, or all others.

The rooms that decide are measured each time, and their coverage is compared with their floors. Shells start programs,
which only tracing follows, and their tests take two to four times as long with it: `--rest` runs them untraced,
`--again` those of them that failed, `--floors` the tests of all rooms traced, with the floors of shells. A group of
rooms is skipped if its files and all that they import are unchanged since its tests last passed. `--all` runs every
group.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Final

from devcluster import turns
from devcluster.cache import Cache
from house import coverage_tools, floors, reach, second_run, seeds
from house.coverage_tools import CoverageTool
from house.tree import ROOT

EXAMPLES: Final = "FAIRLEAD_EXAMPLES"
AT_ONCE: Final = 2
"""Groups of rooms that decide that run in parallel."""
FOLDER: Final = ".build/pure"
"""Not in the root, and apart from other runs' coverage."""
MARKER: Final = (
    "not house and not apiserver and not node and not vllm and not sglang and not conformance and not recipe"
)
MARKERS: Final = ("-m", MARKER)
"""Markers in addition to folders: a test that lost its marker must not start a cluster during a check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rooms that are tested together."""

    name: str
    rooms: tuple[str, ...]
    """Rooms whose floors the tests hold: a new file counts even if no test imports it."""
    tests: tuple[str, ...]
    apart: tuple[str, ...] = ()
    """Subfolders that belong to another group; empty for rooms that decide."""

    def key(self) -> str:
        """Digest of all that its tests could notice; those of shells open pages and start programs."""
        if self.apart:
            return reach.key(ROOT, (*PROGRAMS, *self.tests), prose=True)
        return reach.key(ROOT, (*(f"operator/fairlead/{room}" for room in self.rooms), *self.tests))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A group's last passing run."""

    key: str
    examples: int
    """Examples per property."""

    def covers(self, wanted: "Held") -> bool:
        """Whether a run would show nothing new: the same files, and no more examples."""
        return self.key == wanted.key and self.examples >= wanted.examples


GROUPS: Final = (
    Group(
        name="objects",
        rooms=("api", "documents", "fleet", "objects", "planning"),
        tests=(
            *(f"tests/{room}" for room in ("api", "documents", "fleet", "objects", "planning")),
            *("tests/controller/test_small_parts.py", "tests/controller/pods/test_pod_troubles.py"),
        ),
    ),
    Group(name="scaling", rooms=("scaling",), tests=("tests/scaling",)),
    Group(
        name="router",
        rooms=("routing", "accounting", "router/wire"),
        tests=("tests/routing", "tests/accounting", "tests/router/wire"),
    ),
    Group(name="engines", rooms=("engines", "sizing"), tests=("tests/engines", "tests/sizing")),
    Group(
        name="delivery",
        rooms=("comparing", "evaluating", "adapting", "batching"),
        tests=("tests/comparing", "tests/evaluating", "tests/adapting", "tests/batching"),
    ),
    Group(name="console", rooms=("console",), tests=("tests/console",)),
)
"""Few groups: each start of pytest costs two seconds, and changes rarely touch more than one. The longest
come first, since two run at a time."""
PROGRAMS: Final = (
    *("operator/fairlead", "bench", "campaign", "demo", "devcluster"),
    *("fitting", "house", "monitoring", "prove", "release"),
)
"""Programs that tests of shells may start."""
SHELLS: Final = {
    "operate": tuple(
        f"tests/{room}" for room in ("autoscaler", "cli", "cluster", "controller", "process", "review", "telemetry")
    ),
    "serve": tuple(
        f"tests/{room}" for room in ("router", "emulator", "simulator", "backtest", "evaluator", "batcher", "loader")
    ),
}
"""The other groups; what is not listed belongs to the group `workshop`."""
WORLDS: Final = ("tests/apiserver", "tests/node", "tests/sglang", "tests/vllm")
"""Folders whose tests all need a lane's environment; tests/conftest.py marks them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """Groups that run together, and the floors of their coverage."""

    name: str
    title: str
    groups: tuple[Group, ...]
    table: str | None = None
    """Floors in pyproject.toml; None: the tests run without coverage."""
    tool: CoverageTool = coverage_tools.WITHOUT_TRACING


DECIDING: Final = Half(
    name="deciding", title="the tests of the rooms that decide", groups=GROUPS, table=floors.DECIDING
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what changed, then compare all coverage with the floors; return 0 if everything holds."""
    words = sys.argv[1:] if argv is None else argv
    folder = ROOT / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    half = next((made() for option, made in HALVES.items() if option in words), DECIDING)
    if AGAIN in words and not decided_well(folder):
        print("no second run: tests of rooms that decide failed, and those wait for nothing", flush=True)
        return 1
    with turns.alone(folder / f"{half.name}.lock", half.title):
        code = run_changed(folder, half, everything="--all" in words)
    if code == 0 and half is not DECIDING:
        seeds.give(ROOT, Cache.chosen())
    return code


def the_rest() -> Half:
    """What the pure lane runs besides the rooms that decide."""
    return Half(name="rest", title="the tests of shells", groups=rest())


def traced() -> Half:
    """All tests with coverage: what those of the rooms that decide cover of a shell counts for it too."""
    groups = tuple(replace(group, name=f"{group.name}-traced") for group in (*GROUPS, *rest()))
    title = "the tests of all rooms, traced"
    return Half(name="floors", title=title, groups=groups, table=floors.REST, tool=coverage_tools.TRACING)


AGAIN: Final = "--again"
HALVES: Final[Mapping[str, Callable[[], Half]]] = {"--rest": the_rest, AGAIN: the_rest, "--floors": traced}


def decided_well(folder: Path) -> bool:
    """Whether the tests of all rooms that decide passed on these files."""
    kept = read(folder / f"{DECIDING.name}.json")
    now = {group.name: Held(key=group.key(), examples=examples()) for group in DECIDING.groups}
    return all(name in kept and kept[name].covers(held) for name, held in now.items())


def rest() -> tuple[Group, ...]:
    """All other tests without a lane's environment: shells, which start our programs, so that any file counts."""
    decided = {place for group in GROUPS for place in group.tests}
    named = {place for tests in SHELLS.values() for place in tests}
    folders = (path for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("test_*.py")))
    places = {path.relative_to(ROOT).as_posix() for path in folders}
    others = tuple(sorted(places - decided - named - set(WORLDS)))
    return tuple(
        Group(name=name, rooms=(), tests=tests, apart=tuple(sorted(decided)))
        for name, tests in (*SHELLS.items(), ("workshop", others))
    )


def run_changed(folder: Path, half: Half, *, everything: bool) -> int:
    """Needs sole use of the folder: two runs of a half at once would erase each other's coverage."""
    held = folder / f"{half.name}.json"
    kept = read(held)
    changed: list[tuple[Group, Held]] = []
    for group in half.groups:
        now = Held(key=group.key(), examples=examples())
        before = kept.get(group.name)
        if before and before.covers(now) and _is_kept(folder, half, group) and not everything:
            print(f"{group.name}: as it was when it last held; not run again", flush=True)
        else:
            kept.pop(group.name, None)
            changed.append((group, now))
    codes = list[int]()
    for group, now, code in _run_all(changed, folder, half):
        codes.append(code)
        if code == 0:
            kept[group.name] = now
        text = json.dumps({name: asdict(one) for name, one in kept.items()})
        held.write_text(text, encoding="utf-8")
    if failed := next((code for code in codes if code), 0):
        return failed
    return judged(folder, half, half.table) if half.table else 0


def _is_kept(folder: Path, half: Half, group: Group) -> bool:
    return half.table is None or data_of(folder, group).exists()


def data_of(folder: Path, group: Group) -> Path:
    """Where what a group covers is kept."""
    return folder / f"{group.name}.coverage"


def _run_all(changed: Sequence[tuple[Group, Held]], folder: Path, half: Half) -> Iterator[tuple[Group, Held, int]]:
    """Run several groups, one process each: cheaper than one group in two; output is printed when each ends."""
    if half is not DECIDING:
        for group, now in changed:
            yield group, now, run(group, folder, half.tool) if half.table else run_untraced(group)
        return

    def in_one_process(group: Group) -> tuple[int, str]:
        words = folder / f"words-of-{group.name}"
        with words.open("wb") as sink:
            code = run(group, folder, half.tool, workers=1, sink=sink)
        return code, words.read_text(encoding="utf-8", errors="replace")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (group, now), (code, text) in zip(
            changed, pool.map(in_one_process, [one for one, _ in changed]), strict=True
        ):
            print(text, end="", flush=True)
            yield group, now, code


def read(path: Path) -> dict[str, Held]:
    """Read the last passing runs; a damaged file counts as empty."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {name: Held(**fields) for name, fields in document.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def examples() -> int:
    """Examples per property: few while a developer waits for `make check`, many in `make test`."""
    return int(os.environ.get(EXAMPLES, "100"))


def run(group: Group, folder: Path, tool: CoverageTool, *, workers: int = 2, sink: IO[bytes] | None = None) -> int:
    """Run the group's tests and keep their coverage under its name; output is passed through, or goes into a file."""
    data = data_of(folder, group)
    return _each(tool.counted(_pytest(group, workers), data), coverage_tools.environment(data), sink)


def run_untraced(group: Group) -> int:
    """Run the group's tests; a few that failed beside other work are run once more, alone."""
    words = ("-m", *_pytest(group, workers=2))
    done = _python(words, os.environ)
    if done == 1 and second_run.is_worth_it(stories := second_run.failed(group.name)):
        done = _python((*words, *second_run.ONLY_FAILED, "-n", "0"), os.environ)
        print(second_run.summary(group.name, stories, well=done == 0), flush=True)
    return done


def _pytest(group: Group, workers: int) -> tuple[str, ...]:
    tests = [place for place in group.tests if (ROOT / place).exists()]
    ignored = [f"--ignore={place}" for place in group.apart]
    side_by_side = ("-n", str(workers if workers > 1 else 0))
    return ("pytest", "-q", *side_by_side, *MARKERS, *tests, *ignored, *second_run.options(group.name))


def judged(folder: Path, half: Half, table: str) -> int:
    """Compare the combined coverage of all groups with the floors of the half."""
    report = folder / f"{half.name}.report"
    data = [place for group in half.groups if (place := data_of(folder, group)).exists()]
    written = half.tool.reported(data, report, floors.of(ROOT, table))
    if code := _each(written, coverage_tools.environment(folder / f"{half.name}.all")):
        return code
    return floors.main([str(report), table])


def _each(commands: Iterable[Sequence[str]], environment: Mapping[str, str], sink: IO[bytes] | None = None) -> int:
    """Run commands until one fails."""
    return next((code for words in commands if (code := _python(words, environment, sink))), 0)


def _python(words: Sequence[str], environment: Mapping[str, str], sink: IO[bytes] | None = None) -> int:
    whole = (sys.executable, *words)
    return subprocess.run(whole, cwd=ROOT, env=dict(environment), check=False, stdout=sink, stderr=sink).returncode


if __name__ == "__main__":
    sys.exit(main())
