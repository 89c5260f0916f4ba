"""Every rule of the checks is broken in one copy of the tree, and the check must name each with its remedy.

A rule that nothing breaks may long have stopped working: the untouched copy passes, the broken one reports all.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

from house import seeds, tree
from house.check import surroundings

pytestmark = pytest.mark.house

CACHES = (".mypy_cache", ".import_linter_cache", ".ruff_cache", ".build/pure")
"""Shared with the copy: the contracts are tested here, not the tools' first run."""

ROOMS = Path("operator/fairlead")
TESTS = "tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One way to break a rule: a file to add, the step that must notice, the words it must say."""

    name: str
    path: Path
    text: str
    step: str
    words: tuple[str, ...]


BREACHES = (
    Breach(
        name="an upward import",
        path=ROOMS / "fleet" / "looks_up.py",
        text='"""Looks up."""\n\nimport fairlead.api\n\nNAME = fairlead.api.__name__\n',
        step="imports",
        words=("fairlead.fleet.looks_up -> fairlead.api", "share into `fleet`", "CONTRIBUTING.md#rooms"),
    ),
    Breach(
        name="a clock in a pure room",
        path=ROOMS / "planning" / "clock.py",
        text='"""Looks up."""\n\nfrom datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n',
        step="lint",
        words=("TID251", "take `now` as an argument", "CONTRIBUTING.md#rules"),
    ),
    Breach(
        name="an oversized function",
        path=Path("house/goes_on.py"),
        text='"""Goes on."""\n\n\ndef goes_on() -> int:\n    """Count."""\n    n = 0\n'
        + "    n += 1\n" * 57
        + "    return n\n",
        step="sizes",
        words=(
            "house/goes_on.py:4: function goes_on has 61 lines, at most 60",
            "give each of its steps a name",
        ),
    ),
    Breach(
        name="an unplaced folder",
        path=ROOMS / "utils" / "__init__.py",
        text='"""Holds this and that."""\n',
        step="imports",
        words=("utils", "give a new folder a place", "there is no utils"),
    ),
    Breach(
        name="the time module in a pure room",
        path=ROOMS / "planning" / "ticks.py",
        text='"""Ticks."""\n\nimport time\n\nZONE = time.tzname\n',
        step="imports",
        words=(
            "rooms that decide touch no world",
            "fairlead.planning.ticks -> time",
            "take `now` and chance",
        ),
    ),
    Breach(
        name="pydantic in the vocabulary",
        path=ROOMS / "fleet" / "validates.py",
        text='"""Validates."""\n\nfrom pydantic import BaseModel\n\nBASE = BaseModel\n',
        step="imports",
        words=("never see pydantic", "fairlead.fleet.validates -> pydantic", "api converts for them"),
    ),
    Breach(
        name="a file too long",
        path=Path("tests/cli/test_lone.py"),
        text='"""Counts."""\n' + "ONE = 1\n" * 300,
        step="sizes",
        words=("tests/cli/test_lone.py:301: file has 301 lines, at most 300", "split it"),
    ),
    Breach(
        name="a module that is no noun",
        path=ROOMS / "fleet" / "asked.py",
        text='"""Is vague."""\n\n\nclass Timeouts:\n    """Has a namesake."""\n',
        step="names",
        words=("module asked: a module is called by a noun", "class Timeouts is also in", "docs/glossary.md has"),
    ),
    Breach(
        name="a word that the glossary has another for",
        path=ROOMS / "fleet" / "vague_words.py",
        text='"""Is vague."""\n\nTOLD = 1\n',
        step="words",
        words=(
            "vague_words.py:3: TOLD: docs/glossary.md has",
            "call a value by the noun of its type",
        ),
    ),
    Breach(
        name="a parser outside the room that reads",
        path=ROOMS / "fleet" / "parser.py",
        text='"""Parses."""\n\nimport json\n\nFOUND = json.loads("1")\n',
        step="readers",
        words=("parser.py:5: json.loads: use fairlead.documents", "catch `UnreadableDocument`"),
    ),
    Breach(
        name="a name of one engine outside the room of engines",
        path=ROOMS / "fleet" / "engine_name.py",
        text='"""Names one."""\n\nRUNNING = "vllm:num_requests_running"\n',
        step="engines",
        words=("engine_name.py:3: vllm:num_requests_running: make it a member", "another kind is then one folder"),
    ),
    Breach(
        name="a file in a circle",
        path=ROOMS / "fleet" / "circle_one.py",
        text='"""Needs the other."""\n\nfrom fairlead.fleet import circle_two\n\nNAME = circle_two.__name__\n',
        step="circles",
        words=("circle_one.py:3: 2 files import each other in a circle", "a small Protocol where it is used"),
    ),
    Breach(
        name="the other file of the circle, for a type alone",
        path=ROOMS / "fleet" / "circle_two.py",
        text='"""Needs the one."""\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n'
        "    from fairlead.fleet import circle_one\n",
        step="circles",
        words=("fairlead.fleet.circle_one -> fairlead.fleet.circle_two -> fairlead.fleet.circle_one",),
    ),
    Breach(
        name="a field of another object that is set",
        path=ROOMS / "router" / "late_targets.py",
        text='"""Moves."""\n\nfrom fairlead.router.live_requests import LiveExchange\n\n\n'
        'def move(owner: LiveExchange) -> None:\n    """Move."""\n    owner.hedge_at = 1.0\n',
        step="writes",
        words=("late_targets.py:8: owner.hedge_at is another object's", "a method that says what happens"),
    ),
    Breach(
        name="a second package in the source root",
        path=Path("operator/helmsman/__init__.py"),
        text='"""Steers."""\n',
        step="sizes",
        words=("operator/helmsman/__init__.py:1: only operator/fairlead/ may stand", "move it into a room"),
    ),
    Breach(
        name="six parameters",
        path=Path("house/takes.py"),
        text='"""Takes."""\n\n\ndef six(a: int, b: int, c: int, d: int, e: int, f: int) -> int:\n'
        '    """Add."""\n    return a + b + c + d + e + f\n',
        step="lint",
        words=("PLR0913", "(6 > 5)", "too many parameters need a better signature"),
    ),
    Breach(
        name="a function of eleven ways",
        path=Path("house/branches.py"),
        text='"""Branches."""\n\n\ndef eleven(n: int) -> int:\n    """Branch."""\n'
        + "".join(f"    if n > {10 * each}:\n        n -= {each + 1}\n" for each in range(10))
        + "    return n\n",
        step="lint",
        words=("C901", "(11 > 10)", "says what to write instead"),
    ),
    Breach(
        name="an untyped function",
        path=Path("house/vague.py"),
        text='"""Is vague."""\n\n\ndef vague(n):\n    """Answer."""\n    return n\n',
        step="types",
        words=("no-untyped-def", "type what is untyped"),
    ),
    Breach(
        name="an ignore without its code",
        path=Path("house/ignores.py"),
        text='"""Ignores."""\n\nNUMBER: int = "one"  # type: ignore\n',
        step="types",
        words=("ignore-without-code", "an ignore names its code and its reason"),
    ),
    Breach(
        name="a page edited by hand",
        path=Path("docs/evidence.md"),
        text="# Evidence\n\nAll is well.\n",
        step="evidence",
        words=("docs/evidence.md is not what", "never by hand"),
    ),
    Breach(
        name="a file that no test runs",
        path=ROOMS / "console" / "idle.py",  # of all rooms that decide the one with the quickest tests
        text='"""Runs in no test."""\n\nONE = 1\n',
        step=TESTS,
        words=("console/idle.py: no test imports it", "the floor stays", "needs a story for each line"),
    ),
    Breach(
        name="a room below its floor",
        path=ROOMS / "console" / "__init__.py",
        text='"""Has a function that no test calls."""\n\n\ndef idle() -> int:\n    return 1\n',
        step=TESTS,
        words=("operator/fairlead/console: ", "floor 100 %", "__init__.py: lines 5", "needs a story for each line"),
    ),
)


def copied(folder: Path, caches: tuple[str, ...] = CACHES) -> Path:
    """The tree as git would commit it."""
    for path in tree.files(tree.ROOT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree.ROOT / path, folder / path)
    for cache in caches:
        if (tree.ROOT / cache).is_dir():
            seeds.copy(tree.ROOT / cache, folder / cache)
    return folder


Checked = Mapping[bool, subprocess.CompletedProcess[str]]
"""The results of two copies: one with each breach of a rule about text, one with each that only a run can show."""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The check's output for copies with every fault at once; most of them would only make its tests run long."""
    runs = {}
    for in_tests, words in ((False, "--without"), (True, "--only")):
        copy = copied(tmp_path_factory.mktemp("broken"))
        for breach in (one for one in BREACHES if (one.step == TESTS) is in_tests):
            (copy / breach.path).parent.mkdir(parents=True, exist_ok=True)
            (copy / breach.path).write_text(breach.text, encoding="utf-8")
        environment = surroundings(copy)
        runs[in_tests] = started([sys.executable, "-m", "house.check", words, TESTS], copy, environment)
    return runs


@pytest.mark.skipif("CI" in os.environ, reason="CI ran `make check` in this tree before")
def test_the_untouched_copy_passes(tmp_path: Path) -> None:
    checked = make_check(copied(tmp_path))

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " steps held in " in checked.stdout.splitlines()[-1]


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.name)
def test_make_check_fails_and_says_what_to_do_about(breach: Breach, broken: Checked) -> None:
    checked = broken[breach.step == TESTS]
    assert checked.returncode != 0
    assert breach.step in checked.stdout.partition("check: failed: ")[2]
    assert [words for words in breach.words if words not in checked.stdout] == []


def test_a_package_in_place_of_the_source_root_is_reported_before_python_breaks(tmp_path: Path) -> None:
    copy = copied(tmp_path, caches=())
    (copy / "operator" / "__init__.py").touch()

    prepared = started([sys.executable, "house/venv.py"], copy)

    assert prepared.returncode == 1
    assert "operator/__init__.py must not be" in prepared.stderr
    assert "Delete the file" in prepared.stderr


def make_check(copy: Path) -> subprocess.CompletedProcess[str]:
    """The command that developers type, in the copy, with this environment instead of a new one."""
    return started(["make", "--no-print-directory", "check", f"VENV={sys.prefix}"], copy)


def started(
    words: list[str], copy: Path, more: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run in the copy, without the environment of an outer make, lane or coverage, whose caches would answer.

    What it started ends with it, also if the story ran out of time: a forsaken mypy keeps one core busy for minutes.
    """
    ours = ("MAKE", "MFLAGS", "COVERAGE_", "PYTEST_", "PYTHONPATH", "FAIRLEAD_EXAMPLES")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(more)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd=copy, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            output, errors = process.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(words, process.returncode, output, errors)
