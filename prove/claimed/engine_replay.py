"""The simulator's claims about its engine: close to a recorded run, and consistent."""

from typing import Final

from prove import programs, replay_table
from prove.claims import Claim, Figure
from prove.replay_table import ReplayResult

MEANS, CORRELATION, POINTS = 0.10, 0.98, 6.0
MANY: Final = {"FAIRLEAD_EXAMPLES": "400"}


def near_the_recorded_run() -> Figure:
    """The judged run with coefficients from its first ten seconds' metrics; the other run beside it."""
    shares = replay_table.measured()
    times = replay_table.reaching(shares)
    result = replay_table.judged(times)
    found = result.distance
    near = found.worst <= MEANS and found.waiting_correlation >= CORRELATION
    return Figure(
        holds=near and found.usage_points is not None and found.usage_points <= POINTS,
        text=f"seqs256 with {shares.bandwidth:.0%} of bandwidth and {shares.arithmetic:.0%} of arithmetic, from the "
        f"first 10 s of token rates: {found} ({result.replayed.preemptions} preemptions); "
        f"{_unfitted(replay_table.judged(replay_table.assumed()))}; seqs128, whose capacity was not recorded: "
        f"{_means(replay_table.beside(times, result.settings.blocks))}; {_means(replay_table.likeliest(times))}, the "
        "capacity that explains it best",
    )


def _unfitted(result: ReplayResult) -> str:
    return f"with the catalogue's assumed shares TTFT {result.distance.ttft:+.0%}, TPOT {result.distance.tpot:+.0%}"


def _means(result: ReplayResult) -> str:
    found = result.distance
    pages = result.settings.blocks
    return f"with {pages:,} pages TTFT {found.ttft:+.1%}, TPOT {found.tpot:+.1%}, E2E {found.latency:+.1%}"


def true_to_itself() -> Figure:
    """Properties of the scheduler and the simulated fleet with always and never, on many examples."""
    ran = programs.pytest("tests/simulator/engine", "tests/simulator/virtual_fleet/test_always.py", extra=MANY)
    return Figure(
        holds=ran.ok and ran.tests.all_passed,
        text=f"{ran.tests} in {ran.seconds:.0f} s, "
        f"{MANY['FAIRLEAD_EXAMPLES']} engines or fleets with traffic a property",
    )


CLAIMS: Final = (
    Claim(
        item="engine.1",
        title="Against a recorded vLLM run under memory pressure: mean TTFT, TPOT and end-to-end within 10 %, waiting "
        "queue correlation at least 0.98, KV usage within 6 points, by coefficients that saw no latency",
        prove=near_the_recorded_run,
    ),
    Claim(
        item="engine.5",
        title="Tokens in are tokens out, pages are conserved, limits hold, nobody starves, many steps at once equal "
        "single steps to the bit, more GPUs are never worse, and runs repeat",
        prove=true_to_itself,
        slow=True,
    ),
)
