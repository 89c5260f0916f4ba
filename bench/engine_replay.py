"""`python -m bench.engine_replay`: the recorded runs beside the simulated ones, and the scheduler's cost per step.

Two sources of coefficients side by side: the catalogue's assumption, and shares read off the first ten seconds. Then
the second run with capacities around the recorded one. Finally many steps at once against single steps, in one process.
"""

import random
import time

from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.core import EngineCore
from prove import replay_table
from prove.replay_table import JUDGED, ReplayResult

AROUND = (-200, 0, 200, 400, 600)


def main() -> int:
    """Print the table."""
    shares = replay_table.measured()
    fitted = replay_table.reaching(shares)
    print(f"{'run':<28} {'pages':>6} {'coefficients':<22} {'preempted':>9}   distance")
    _show(replay_table.judged(replay_table.assumed()), "catalogue, assumed")
    _show(replay_table.judged(fitted), f"first 10 s: {shares.bandwidth:.0%}, {shares.arithmetic:.0%}")
    recorded = replay_table.limits().blocks
    for more in AROUND:
        _show(replay_table.beside(fitted, recorded + more), "those of seqs256")
    _show(replay_table.likeliest(fitted), "nearest capacity")
    fast, plain = (_seconds(fitted, plain=plain) for plain in (False, True))
    print(f"{JUDGED}: {fast:.2f} s with many steps at once, {plain:.2f} s step by step ({plain / fast:.0f}x)")
    return 0


def _show(result: ReplayResult, source: str) -> None:
    print(
        f"{result.name:<28} {result.settings.blocks:>6} {source:<22} {result.replayed.preemptions:>9}   "
        f"{result.distance}"
    )


def _seconds(times: StepTimes, *, plain: bool) -> float:
    """CPU time of the simulated run."""
    core = EngineCore(replay_table.limits(), times, random.Random(0), plain=plain)  # noqa: S311  # nothing is drawn
    now = 0.0
    started = time.process_time()
    for serial, one in enumerate(replay_table.recording(JUDGED).answered):
        now = core.advance(now, max(now, one.arrived), stopping=False).now
        core.add(one.engine_request(serial))
    core.advance(now, 1e6, stopping=False)
    return time.process_time() - started


if __name__ == "__main__":
    raise SystemExit(main())
