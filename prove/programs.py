"""Runs other programs for a proof: their output goes to the terminal at once and is kept for reading."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devcluster import owners
from house.check import surroundings
from house.tree import ROOT
from prove.outcomes import Counts, counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A program that has ended."""

    command: str
    code: int
    seconds: float
    output: str

    @property
    def ok(self) -> bool:
        """Whether the program itself succeeded."""
        return self.code == 0

    @property
    def tests(self) -> Counts:
        """Pytest's counts, if the program ran it."""
        return counts(self.output)


def run(*words: str, cwd: Path = ROOT, extra: Mapping[str, str] | None = None) -> Ended:
    """Run a program to its end; output goes to stderr, where it cannot mix with the figure on stdout."""
    command = " ".join(words)
    print(f"+ {command}", file=sys.stderr, flush=True)
    started = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(
        words,
        cwd=cwd,
        env=_environment(extra or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as program:
        try:
            for line in program.stdout or ():
                sys.stderr.write(line)
                lines.append(line)
        except BaseException:
            os.killpg(program.pid, signal.SIGTERM)  # it would go on, and this process would wait for it
            raise
    return Ended(command=command, code=program.returncode, seconds=time.monotonic() - started, output="".join(lines))


def files(*folders: str) -> list[tuple[str, str]]:
    """The committed files below these folders: content id and path."""
    words = ("git", "ls-tree", "-r", "HEAD", "--", *folders)
    ended = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    parts = (line.partition("\t") for line in ended.stdout.splitlines())
    return [(content, path) for content, _, path in parts]


def make(target: str, *words: str, cwd: Path = ROOT, extra: Mapping[str, str] | None = None) -> Ended:
    """Run a target of the Makefile, as a reader would type it."""
    return run("make", "--no-print-directory", target, *words, cwd=cwd, extra=extra)


def module(name: str, *words: str) -> Ended:
    """Run a module of this tree with this interpreter."""
    return run(sys.executable, "-m", name, *words, extra=surroundings(ROOT))


def pytest(*words: str, extra: Mapping[str, str] | None = None) -> Ended:
    """Run tests of this tree with this interpreter."""
    return run(sys.executable, "-m", "pytest", "-q", *words, extra=surroundings(ROOT) | dict(extra or {}))


@contextmanager
def clone() -> Iterator[Path]:
    """A clone of the committed state in an empty folder, as a new user would have it."""
    with tempfile.TemporaryDirectory(prefix="fairlead-clone-") as folder:
        tree = Path(folder) / "fairlead"
        words = ("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(tree))
        subprocess.run(words, check=True, env=_environment({}))
        yield tree


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Our environment without that of an outer `make` or coverage run; the proof's clusters end with this process."""
    left_over = ("MAKE", "MFLAGS", "COVERAGE_", "PYTEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_over)} | {
        **owners.handed_on(),
        **extra,
    }
