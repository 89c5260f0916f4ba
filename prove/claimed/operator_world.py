"""The controller's claims about faults, rights, scale and the demo."""

import json
from typing import Final

from prove import noted, programs
from prove.claims import Claim, Figure
from prove.noted import Noting

CONVERGE_S, EDIT_S, MEMORY_MB, REST_SHARE = 120.0, 1.0, 300.0, 0.02
THOROUGH: Final = {"FAIRLEAD_EXAMPLES": "100"}
ALL_POINTS: Final = {"FAIRLEAD_CRASH_POINTS": "all"}
REST_LEASES: Final = 4.0
"""A process that only renews a Lease took 2 % of a core by itself in an hour in which a machine slept badly: the same
few lines of Python took twenty times as long after a pause of half a second as in a row."""
REST_S: Final = 300


def it_heals() -> Figure:
    """Every property: in the simulated cluster, then the operator's process on a real API server, then five minutes."""
    pure = noted.pytest("tests/controller", "tests/planning", "tests/cluster", "tests/faults", extra=THOROUGH)
    real = noted.pytest("tests/apiserver/test_crash_points.py", "tests/apiserver/test_api_client.py", extra=ALL_POINTS)
    life = noted.pytest("tests/node/test_chart_lives.py", extra={"FAIRLEAD_THOROUGH": "1"})
    words = ("--deployments", "50", "--rest", str(REST_S), "-o", "json")
    rest = programs.module("bench.operator_scale", *words)
    found = _last_json(rest.output)
    at_rest = int(found.get("writes_at_rest", -1))
    return Figure(
        holds=pure.well and real.well and life.well and rest.ok and at_rest == 0,
        text=f"pretended: {_counted(pure)}; real API server: {real.total('real_points')} crash points and faults; "
        f"{at_rest} writes in {REST_S} s for 50 objects at rest; {pure.ended.tests}, {real.ended.tests}, "
        f"the chart's life: {life.ended.tests}",
    )


def rights_are_exact() -> Figure:
    """The operator with only the chart's rights, each of them needed."""
    ran = noted.pytest("tests/apiserver/test_operator_rights.py")
    text = f"{ran.total('granted')} rights granted, {ran.total('used')} used by requests, 0 missing, 0 unused"
    return Figure(holds=ran.well, text=f"{text}; {ran.ended.tests}" if ran.well else str(ran.ended.tests))


def a_thousand_stand() -> Figure:
    """Convergence, edits, memory and idle load with 1,000 deployments."""
    ran = programs.module("bench.operator_scale", "-o", "json")
    found = _last_json(ran.output)
    if not found:
        return Figure(holds=False, text=ran.output[-300:])
    times = found["rest_core_share"] / found["lease_core_share"]
    holds = (
        found["converge_s"] <= CONVERGE_S
        and found["edit_p95_s"] <= EDIT_S
        and found["memory_mb"] <= MEMORY_MB
        and (found["rest_core_share"] < REST_SHARE or times <= REST_LEASES)
        and found["restart_writes"] == 0
    )
    return Figure(
        holds=holds,
        text=f"{found['deployments']} deployments converge in {found['converge_s']:.0f} s, an edit is a write after "
        f"{found['edit_p95_s']:.2f} s (p95), {found['memory_mb']:.0f} MB, "
        f"{found['rest_core_share']:.1%} of a core at rest, {times:.1f} times that of a process that only renews a "
        f"Lease; a restart makes {found['restart_writes']} writes",
    )


def the_demo_shows_it() -> Figure:
    """What `make demo` prints, as a newcomer would see it."""
    ran = programs.pytest("tests/node/test_demo.py")
    return Figure(holds=ran.ok and ran.tests.all_passed, text=f"{ran.tests} in {ran.seconds:.0f} s")


def _counted(ran: Noting) -> str:
    counts = {name: ran.total(name) for name in ("crash_points", "faults", "histories")}
    return "{crash_points:,} crash points, {faults:,} faults, {histories:,} histories".format(**counts)


def _last_json(output: str) -> dict[str, float]:
    """The figures are on the last line, after progress messages."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    return dict(json.loads(lines[-1])) if lines else {}


CLAIMS: Final = (
    Claim(
        item="controller.4",
        title="Killed before or after any write, answered with errors, blind, late or notified twice: it comes to the "
        "same end with as many creates and deletes, and at rest nothing is written (P1 to P32)",
        prove=it_heals,
        slow=True,
    ),
    Claim(
        item="controller.5",
        title="The operator runs with exactly the chart's roles on an API server that enforces them: no right is "
        "missing and none is unused",
        prove=rights_are_exact,
        slow=True,
    ),
    Claim(
        item="controller.6",
        title="1,000 deployments, on an API server without nodes and pods, converge within 120 s, an edit becomes a "
        "write within 1 s (p95), in at most 300 MB; at rest it takes under 2 % of a core, or under four times what "
        "only renewing a Lease takes on that machine, and a restart writes nothing",
        prove=a_thousand_stand,
        slow=True,
    ),
    Claim(
        item="controller.7",
        title="`make demo` leads from nothing to two models behind an operator installed by Helm, streams them through "
        "a rollout, and prints a tour",
        prove=the_demo_shows_it,
        slow=True,
    ),
)
