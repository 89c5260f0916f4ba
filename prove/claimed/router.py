"""The router's claims except cost and clients: programs that end with their figure, and tests on a real node."""

from collections.abc import Sequence
from typing import Final

from prove import noted, programs
from prove.claims import Claim, Figure
from prove.programs import Ended

LEAVING: Final = (
    "tests/node/serving/rollouts/test_rollouts.py",
    "tests/node/serving/test_leaving.py",
    "tests/node/serving/test_router.py",
)
THREE_ROUTERS: Final = "tests/node/serving/test_three_routers.py"
FUZZED_BYTES: Final = 10_000_000


def last_line(ended: Ended) -> str:
    """A program's last line: by convention its figure."""
    lines = [line.strip() for line in ended.output.splitlines() if line.strip()]
    return lines[-1] if lines else f"`{ended.command}` said nothing"


def together(all_ended: Sequence[Ended]) -> Figure:
    """Several programs, all of which must hold."""
    return Figure(holds=all(one.ok for one in all_ended), text="; ".join(map(last_line, all_ended)))


def finds_prefixes() -> Figure:
    """Recorded traffic over simulated engines, against rivals and against an oracle that knows every cache."""
    return together([programs.module("bench.router_prefix")])


def acts_as_one() -> Figure:
    """Recorded traffic with several routers that share state, against one router and against as many rivals."""
    return together([programs.module("bench.router_peers")])


def bears_lost_peers() -> Figure:
    """The same while peers and their network fail, and what it costs a router."""
    return together([programs.module("bench.peer_faults"), programs.module("bench.peer_cpu")])


def leaks_nothing() -> Figure:
    """Requests cancelled at every stage; then every count is back at its start value."""
    return together([programs.module("bench.router_leaks", "--requests", "100000")])


def breaks_on_nothing() -> Figure:
    """Random bytes, the table of bad requests, and misbehaving clients and engines."""
    table = programs.pytest("tests/router/wire")
    programs_ended = programs.module("bench.router_abuse"), programs.module("fuzz.wire", "--bytes", str(FUZZED_BYTES))
    figure = together(programs_ended)
    return Figure(holds=figure.holds and table.ok and table.tests.all_passed, text=f"{figure.text}; {table.tests}")


def shares_fairly() -> Figure:
    """The real queue in front of simulated engines."""
    return together([programs.module("bench.router_fairness")])


def answers_again_exactly() -> Figure:
    """A whole router with its cache on."""
    return together([programs.module("bench.router_cache")])


def drops_nothing_on_a_node() -> Figure:
    """Every kind of disruption, under load."""
    ran = noted.pytest(*LEAVING)
    sent, failed, cut = ran.total("requests"), ran.total("failed"), ran.total("cut")
    return Figure(
        holds=ran.well and sent > 0 and failed == cut == 0,
        text=f"{sent:,} requests, {ran.total('streams'):,} of them streams: {failed} failed, {cut} cut; "
        f"{ran.ended.tests}",
    )


def keeps_what_can_be_kept() -> Figure:
    """Overload of a simulated fleet, with the real dispatcher and with an oracle."""
    return together([programs.module("bench.overload")])


def keeps_more_in_bursts() -> Figure:
    """The same autoscaler with and without the order, and with warm replicas."""
    return together([programs.module("bench.autoscaling.bursts")])


def three_lose_nothing_of_their_own() -> Figure:
    """Three routers on a node: planned changes, a killed engine, a killed router."""
    ran = noted.pytest(THREE_ROUTERS)
    with_event, silently = ran.total("ended_with_an_error_event"), ran.total("ended_silently")
    beyond = ran.total("failed") + ran.total("cut") + ran.total("failed_beyond_a_killed_engine") + silently
    seconds = ran.most("seconds_with_losses")
    lasted = "not measured" if seconds is None else f"in {seconds:.1f} s"
    return Figure(
        holds=ran.well and with_event > 0 and beyond == 0,
        text=f"{ran.total('requests'):,} requests: {ran.total('failed')} failed and {ran.total('cut')} cut by what is "
        f"planned; a killed engine: {with_event} streams that it held ended with an error event, {silently} silently, "
        f"{ran.total('failed_beyond_a_killed_engine')} others failed; a killed router: "
        f"{ran.total('lost_with_a_router')} lost with their connections {lasted}, {ran.total('failed_later')} later; "
        f"{ran.ended.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="router.2",
        title="On recorded traffic it finds at least 95 % of the prefix tokens that a clairvoyant router finds within "
        "the same load bound, its p95 time to the first token is below every rival's, and 3 or 10 routers that do not "
        "speak to each other lose at most 3 points",
        prove=finds_prefixes,
        slow=True,
    ),
    Claim(
        item="router.3",
        title="After 100,000 requests cancelled at every stage, killed engines, slow readers and half-closed sockets "
        "every gauge, queue, counter and file descriptor is back, and engines saw each abort within 100 ms",
        prove=leaks_nothing,
        slow=True,
    ),
    Claim(
        item="router.4",
        title="Nothing hangs or breaks it: 10,000,000 fuzzed bytes, at least 60 bad requests with the right status, "
        "slow clients, 10,000 idle connections, 2,000 streams at once, an engine that sends garbage",
        prove=breaks_on_nothing,
        slow=True,
    ),
    Claim(
        item="router.5",
        title="A tenant that floods at 20 times its share gets its share; nobody's p95 time to the first token moves "
        "by more than 10 %, chat's by no more than 20 % beside jobs of 100,000 tokens; batch work takes at least 90 % "
        "of what is idle and yields within one turn",
        prove=shares_fairly,
        slow=True,
    ),
    Claim(
        item="router.6",
        title="An answer from the cache is equal to the byte, never another tenant's, another revision's or a cut one; "
        "it costs at most 100 microseconds, and 1,000 equal requests at once ask the engine once",
        prove=answers_again_exactly,
    ),
    Claim(
        item="router.8",
        title="On a real node, under load: scale-down, rollout, node drain and the router's own rollout without one "
        "failed request or cut stream",
        prove=drops_nothing_on_a_node,
        slow=True,
    ),
    Claim(
        item="router.9",
        title="On recorded traffic 3 and 10 routers asked in turn, sessions named and unnamed, have a p95 time to the "
        "first token of at most 1.2 times one router's and find at least 95 % of the prefix tokens that a clairvoyant "
        "finds, below every rival of which there are as many",
        prove=acts_as_one,
        slow=True,
    ),
    Claim(
        item="router.10",
        title="Routers lost, cut off, started anew, with forged and recorded datagrams and clocks a minute apart: five "
        "seconds later the figures of router.9 hold again; ten routers at 1,000 requests/s each spend at most a tenth "
        "of a core each on knowing each other",
        prove=bears_lost_peers,
        slow=True,
    ),
    Claim(
        item="router.11",
        title="In ten minutes of 1.5, 2 and 5 times what a simulated fleet can serve, at least 90 % as many requests "
        "have their first token within the objective as under a clairvoyant order, nobody waits beyond maxQueueTime, "
        "and a tenant inside its share is not touched",
        prove=keeps_what_can_be_kept,
        slow=True,
    ),
    Claim(
        item="router.12",
        title="In the autoscaler comparison's step and flash crowd the router's order keeps at least 5 points more at "
        "no more GPU hours, the worst ten minutes are at least twice as good, and two warm replicas hold the objective "
        "through the flash crowd",
        prove=keeps_more_in_bursts,
        slow=True,
    ),
    Claim(
        item="router.14",
        title="On a real node before a fleet under load, three routers: their rollout, one of them deleted, engines up "
        "and down lose no request and cut no stream; of a killed engine only streams that had begun end, each with an "
        "error event; of a killed router only its own connections",
        prove=three_lose_nothing_of_their_own,
        slow=True,
    ),
)
