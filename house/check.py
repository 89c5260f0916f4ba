"""`python -m house.check`: run every check of the project with one command, three steps at a time.

Runs the tools of its own interpreter's environment on its own tree, so that a copy checks the copy. Prints for every
failing step what to do, since a rule that is hard to fix gets switched off.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from house import seeds
from house.steps import COVERAGE_FOLDER, STEPS, Step
from house.tree import ROOT

AT_ONCE: Final = 3
"""The tests and the types, and beside them one short step after the other: on two cores, all end at about one time."""

FEW_EXAMPLES: Final = "10"
"""Examples per property while a developer waits; `make test` uses a hundred."""

GREEN, RED, PLAIN = "\033[32m", "\033[31m", "\033[0m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one step."""

    step: Step
    holds: bool
    seconds: float
    output: str


def main(argv: Sequence[str] | None = None) -> int:
    """Run all steps, the one named, or all but one; return 0 if everything holds."""
    names = [step.name for step in STEPS]
    parser = argparse.ArgumentParser(prog="python -m house.check", description="Every rule of the house.")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--only", metavar="NAME", help=f"run one step: {', '.join(names)}")
    chosen.add_argument("--without", metavar="NAME", help="run all steps but one")
    options = parser.parse_args(argv)
    named = options.only or options.without
    if named not in {None, *names}:
        print(f"check: there is no step {named!r}; steps: {', '.join(names)}", file=sys.stderr)
        return 2
    steps = [step for step in STEPS if options.only in {None, step.name} and step.name != options.without]
    started = time.monotonic()
    fresh = len(steps) == len(STEPS) and seeds.taken(ROOT, Cache.chosen())
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    outcomes = []
    for outcome in outcomes_of(steps, ROOT):
        print(row(outcome, colour=colour), flush=True)
        outcomes.append(outcome)
    print("\n".join(closing(outcomes, time.monotonic() - started)))
    holds = all(outcome.holds for outcome in outcomes)
    if holds and fresh:
        seeds.give(ROOT, Cache.chosen())
    return 0 if holds else 1


def outcomes_of(steps: Sequence[Step], root: Path) -> Iterator[Outcome]:
    """Run the steps, a few at a time, and yield each outcome as it ends."""
    (root / COVERAGE_FOLDER).mkdir(parents=True, exist_ok=True)
    environment = {"FAIRLEAD_EXAMPLES": FEW_EXAMPLES} | os.environ | surroundings(root)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(run, step, root, environment) for step in steps]
        for ended in as_completed(running):
            yield ended.result()


def surroundings(root: Path) -> dict[str, str]:
    """Environment that makes tools check this tree and not the installed one."""
    return {
        "PYTHONPATH": os.pathsep.join((str(root / "operator"), str(root))),
        "COVERAGE_FILE": str(root / COVERAGE_FOLDER / "data"),
    }


def run(step: Step, root: Path, environment: Mapping[str, str]) -> Outcome:
    """Run one step's commands until one fails."""
    started = time.monotonic()
    lines: list[str] = []
    holds = True
    for command in step.commands:
        done = subprocess.run(command, cwd=root, env=environment, check=False, capture_output=True, text=True)
        lines.append(done.stdout + done.stderr)
        holds = done.returncode == 0
        if not holds:
            break
    return Outcome(step=step, holds=holds, seconds=time.monotonic() - started, output="".join(lines).rstrip())


def row(outcome: Outcome, *, colour: bool) -> str:
    """One line of the table."""
    width = max(len(step.name) for step in STEPS)
    mark, paint = ("✓", GREEN) if outcome.holds else ("✗", RED)
    shown = f"{paint}{mark}{PLAIN}" if colour else mark
    return f"{outcome.step.name:<{width}}  {shown}  {outcome.seconds:5.1f} s"


def closing(outcomes: Sequence[Outcome], seconds: float) -> Iterator[str]:
    """The text after the table: each failing step's output with advice, and the verdict."""
    failed = [outcome for outcome in outcomes if not outcome.holds]
    for outcome in failed:
        name = outcome.step.name
        yield f"\n--- {name} ---\n{outcome.output}\n\n{name}: what to do: {outcome.step.advice}"
    names = ", ".join(outcome.step.name for outcome in failed)
    if failed:
        yield f"\ncheck: failed: {names}"
    else:
        yield f"check: {len(outcomes)} {'step' if len(outcomes) == 1 else 'steps'} held in {seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
