"""The autoscaler's claims: programs that end with their figure, and tests on a real node and a real API server."""

from typing import Final

from prove import noted, programs
from prove.claimed.router import last_line, together
from prove.claims import Claim, Figure

NODE: Final = "tests/node/serving/scaling"
ONE_WRITER: Final = "tests/apiserver/scaling"
PURE: Final = "tests/scaling"
HISTORIES: Final = 10_000
MAX_SECONDS_TO_DECIDE: Final = 2.0


def beats_the_others() -> Figure:
    """Recorded and generated traffic over simulated engines, the real room against tuned rivals."""
    return together([programs.module("bench.autoscaling")])


def scales_on_a_node() -> Figure:
    """Up, down, from zero, and with everything that goes wrong on the way."""
    ran = noted.pytest(NODE)
    slowest = ran.most("seconds_to_decide")
    sent, failed, cut = ran.total("requests"), ran.total("failed"), ran.total("cut")
    within = slowest is not None and slowest <= MAX_SECONDS_TO_DECIDE
    decided = "not measured" if slowest is None else f"{slowest:.1f} s"
    return Figure(
        holds=ran.well and within and sent > 0 and failed == cut == 0,
        text=f"decided at most {decided} after the metric (at most {MAX_SECONDS_TO_DECIDE:g} s); "
        f"{sent:,} requests: {failed} failed, {cut} cut; {ran.ended.tests}",
    )


def keeps_its_properties() -> Figure:
    """Properties with always and never, two writers on one object, and every record decided again."""
    replayed = programs.module("bench.replay_agreement", "--histories", str(HISTORIES))
    stories = programs.pytest(PURE, ONE_WRITER)
    well = replayed.ok and stories.ok and stories.tests.all_passed
    return Figure(holds=well, text=f"{last_line(replayed)}; {stories.tests}")


def does_not_swing() -> Figure:
    """Reversals on every trace."""
    return together([programs.module("bench.autoscaling", "--reversals")])


def scales_itself() -> Figure:
    """Thousands of pods scraped, and several processes that share the deployments."""
    return together([programs.module("bench.autoscaler_scrape"), programs.module("bench.autoscaler_shards")])


def agrees_with_prometheus() -> Figure:
    """Both sources in one run."""
    return together([programs.module("bench.autoscaler_sources")])


CLAIMS: Final = (
    Claim(
        item="autoscaler.1",
        title="With one default policy, on recorded traffic and made bursts with cold starts of 110 and 300 s, at "
        "least 95 % of requests keep their objectives at no more than 75 % of a static peak's GPU hours, and it is "
        "Pareto-better than every tuned baseline on at least three of the four recorded traces",
        prove=beats_the_others,
        slow=True,
    ),
    Claim(
        item="autoscaler.2",
        title="On a real node it scales 1 to 4 and back, answers held requests from zero, loses no request, decides "
        "within 2 s, and a slow start, no room, frozen metrics and a dead router end sanely and are explained",
        prove=scales_on_a_node,
        slow=True,
    ),
    Claim(
        item="autoscaler.3",
        title="It never leaves its bounds, never shrinks on missing figures, never answers less to more demand, is "
        "blind to the order of pods and to the unit of time, is the only writer, and every record replays",
        prove=keeps_its_properties,
        slow=True,
    ),
    Claim(
        item="autoscaler.4",
        title="It turns round at most once in ten minutes outside bursts, on every trace",
        prove=does_not_swing,
        slow=True,
    ),
    Claim(
        item="autoscaler.5",
        title="2,000 engine pods are looked at every 2 s on at most half a core with flat memory, and several "
        "processes share the deployments and survive the loss of one",
        prove=scales_itself,
        slow=True,
    ),
    Claim(
        item="autoscaler.6",
        title="A real Prometheus as source and direct looks give the same decisions within one scrape on one run",
        prove=agrees_with_prometheus,
        slow=True,
    ),
)
