"""Fuzz the wire room: `python -m fuzz.wire --bytes 10000000 [--seed N] [--only requests]`; exit 1 if anything broke.

Needs only the room, h11 and the seeds, and makes the same inputs each time for the same seed.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import xxhash

from fuzz import targets
from fuzz.mutations import Mutator

SEEDS: Final = Path(__file__).resolve().parent / "seeds"
KEPT: Final = 2000
"""Inputs kept because they did something new; later ones replace none."""


@dataclass
class Fed:
    """What one target was fed, and the results."""

    name: str
    inputs: int = 0
    fed_bytes: int = 0
    outcomes: set[str] = field(default_factory=set)
    broken: list[tuple[bytes, str]] = field(default_factory=list)
    cpu_seconds: float = 0.0

    @property
    def line(self) -> str:
        """One line for people."""
        return (
            f"{self.name:10} {self.inputs:>9,} inputs {self.fed_bytes:>12,} bytes {len(self.outcomes):>5} outcomes "
            f"{len(self.broken):>3} broken {self.cpu_seconds:7.1f} s CPU"
        )


def seeds(name: str) -> list[bytes]:
    """Seeds sorted by name."""
    return [path.read_bytes() for path in sorted((SEEDS / name).iterdir())]


def feed(name: str, target: Callable[[bytes], str], max_bytes: int, seed: int) -> Fed:
    """Feed the seeds, then mutations; an input that breaks something is recorded, and feeding continues."""
    fed = Fed(name)
    given = seeds(name)
    mutator = Mutator(random.Random(f"{seed} {name}"), given)  # noqa: S311  repeatable, not secret
    began = time.process_time()
    while fed.inputs < len(given) or fed.fed_bytes < max_bytes:
        data = given[fed.inputs] if fed.inputs < len(given) else mutator.next()
        fed.inputs += 1
        fed.fed_bytes += len(data)
        try:
            outcome = target(data)
        except Exception as problem:  # noqa: BLE001  whatever it is, it is what we look for
            fed.broken.append((data, f"{type(problem).__name__}: {problem}"))
            continue
        if outcome not in fed.outcomes and len(fed.outcomes) < KEPT:
            fed.outcomes.add(outcome)
            mutator.keep(data)
    fed.cpu_seconds = time.process_time() - began
    return fed


def main(arguments: Sequence[str]) -> int:
    """Divide the bytes among the targets."""
    parser = argparse.ArgumentParser(prog="fuzz.wire", description="Feed the router's wire room with mutated seeds.")
    parser.add_argument("--bytes", type=int, default=10_000_000, help="in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", choices=sorted(targets.all_of_them()), help="one target instead of all")
    options = parser.parse_args(arguments)
    chosen = {name: target for name, target in targets.all_of_them().items() if options.only in (None, name)}
    fed = [feed(name, target, options.bytes // len(chosen), options.seed) for name, target in chosen.items()]
    for one in fed:
        sys.stdout.write(one.line + "\n")
        for data, problem in one.broken[:5]:
            path = SEEDS / one.name / f"broken-{xxhash.xxh3_64_hexdigest(data)}"
            path.write_bytes(data)
            sys.stdout.write(f"  {problem}\n  kept as {path.relative_to(SEEDS.parent.parent)}\n")
    total, broken = sum(one.fed_bytes for one in fed), sum(len(one.broken) for one in fed)
    inputs, outcomes = sum(one.inputs for one in fed), sum(len(one.outcomes) for one in fed)
    sys.stdout.write(
        f"{total:,} bytes in {inputs:,} mutated inputs fed to {', '.join(one.name for one in fed)}: "
        f"{outcomes:,} different outcomes, {broken} broken\n"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
