"""Progress of slow steps: one line per step, updated on a terminal, sparse in a log."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

LOG_EVERY_S = 15.0
"""In a log (no terminal), a running step reports its progress this often."""


class StepFailed(Exception):
    """A step's program failed; the message has its command and the end of its output."""


@dataclass(slots=True, kw_only=True)
class Step:
    """One running step; `at` reports its progress."""

    title: str
    stream: TextIO
    started: float = field(default_factory=time.monotonic)
    printed_at: float = field(default_factory=time.monotonic)

    def at(self, where: str) -> None:
        """Report the progress: at once on a terminal, at intervals in a log."""
        now = time.monotonic()
        if self.stream.isatty():
            print(f"\r\x1b[K  … {self.title}: {where}"[:118], end="", file=self.stream, flush=True)
        elif now - self.printed_at >= LOG_EVERY_S:
            self.printed_at = now
            line = f"  … {self.title} ({now - self.started:.0f} s): {where}"
            print(line[:118], file=self.stream, flush=True)


@contextmanager
def step(title: str, stream: TextIO | None = None) -> Iterator[Step]:
    """Show that `title` began, and at the end how long it took."""
    out = sys.stderr if stream is None else stream
    terminal = out.isatty()
    print(f"  … {title}", end="" if terminal else "\n", file=out, flush=True)
    current = Step(title=title, stream=out)
    mark = "✗"
    try:
        yield current
        mark = "✓"
    finally:
        start = "\r\x1b[K" if terminal else ""
        print(f"{start}  {mark} {title} ({time.monotonic() - current.started:.1f} s)", file=out, flush=True)


def run(argv: Sequence[str | Path], current: Step, log: Path, *, env: dict[str, str] | None = None) -> None:
    """Run a program with its output in `log` and its last line as progress; raises `StepFailed` on failure."""
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [str(word) for word in argv]
    with log.open("w") as kept:
        program = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=env,
        )
        if program.stdout is None:
            raise AssertionError("Popen was asked for a pipe and gave none")
        try:
            with program.stdout as lines:
                for line in lines:
                    kept.write(line)
                    current.at(line.strip())
            code = program.wait()
        except BaseException:
            program.kill()
            program.wait()
            raise
    if code != 0:
        raise StepFailed(f"`{' '.join(words[:4])} …` ended with {code}; the end of {log}:\n{tail(log)}")


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, indented, or a note that it is empty."""
    if not log.exists():
        return f"    ({log} was never written)"
    end = log.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in end) or f"    ({log} is empty)"
