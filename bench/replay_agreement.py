"""Whether decisions are the same after they are written, read back and repeated, on random histories.

`python -m bench.replay_agreement`: each history is decided round by round; each decision is written as a line, read
back, and repeated from what was read. The last line has the figure; the exit code is 0 only if all agree.
"""

import argparse
import random
import sys
import time
from dataclasses import dataclass

from bench import random_histories
from fairlead.scaling.explain import record_codec, record_differences
from fairlead.scaling.explain.decision_record import DecisionRecord


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts over all histories."""

    histories: int = 0
    decisions: int = 0
    disagree: int = 0
    first: str = ""


def tally(count: int, seed: int) -> Tally:
    """Run histories, each with its own seed, so that a disagreement can be reproduced."""
    counted = Tally()
    for number in range(count):
        counted.histories += 1
        for record in random_histories.records(random.Random(f"{seed}/{number}")):  # noqa: S311  # histories, no secrets
            counted.decisions += 1
            if problem := _problem(record):
                counted.disagree += 1
                counted.first = counted.first or f"history {seed}/{number}: {problem}"
    return counted


def _problem(record: DecisionRecord) -> str:
    read = record_codec.decode(record_codec.encode(record))
    if not isinstance(read, DecisionRecord):
        return f"no record: {read.because}"
    if read != record:
        return "what was read is not what was written"
    return "; ".join(f"{one.place}: {one.kept!r}, again {one.again!r}" for one in record_differences.differences(read))


def main(argv: list[str] | None = None) -> int:
    """Print the figure last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=8)
    chosen = parser.parse_args(argv)
    started = time.perf_counter()
    agreement = tally(chosen.histories, chosen.seed)
    if agreement.first:
        print(agreement.first, file=sys.stderr)
    print(
        f"{agreement.histories:,} random histories, {agreement.decisions:,} decisions, {agreement.disagree} disagree "
        f"({time.perf_counter() - started:.0f} s)"
    )
    return 1 if agreement.disagree else 0


if __name__ == "__main__":
    sys.exit(main())
