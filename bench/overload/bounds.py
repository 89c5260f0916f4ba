"""Upper bounds: a clairvoyant's choice of what to serve, and the work of engines itself.

The clairvoyant order knows every arrival and the length of every reply beforehand. It never starts what it cannot
finish in time: it drops all requests whose work exceeds a limit, and serves the rest by deadline, with the same
dispatcher and the same engines; the limit is the best of `SHARES`, found in hindsight on the same burst. It is a
feasible order, not a proven bound. One that knows all but the lengths of replies goes by prompts alone: no router knows
a reply before it is written, so this is what one can reach.

The bound by work is one, for orders that these engines' scheduler allows: a request needs a minimum of an engine's
time, however it is batched. To compute its prompt: the time of a step with it alone, less the reading of weights, which
a step with others shares. To write its reply: while each token is written, the whole context is in the cache, which
holds K tokens; so it takes (context, summed over its tokens) / K of the steps, each at least the reading of weights,
and the reading of that context. Requests are counted from the least time on until the engines' time is used up, with
half a minute beyond the burst for replies that started in it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bench.overload import world
from bench.overload.world import BURST_S, OBJECTIVE_S, WARM_S, Burst, Kept
from bench.simulated_fleets import Lived
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.traffic.arrivals import RequestArrival

BEYOND_S: Final = 30.0
RequestPlace = tuple[float, int, int]
"""Identifies a request: its arrival time and its lengths."""
SHARES: Final = tuple(share / 20 for share in range(8, 21))
"""Of all requests, served by least work first."""


class EngineSeconds(NamedTuple):
    """The least time of an engine that a request needs."""

    prompt: float
    reply: float


def engine_seconds(arrivals: Sequence[RequestArrival], fleet: Lived) -> list[EngineSeconds]:
    """For each of these requests, on this fleet's engines."""
    times, settings = fleet.times(), fleet.settings()
    cache = settings.blocks * settings.block_tokens
    line = times.decode_line(1, 1)
    found: list[EngineSeconds] = []
    for one in arrivals:
        prompt, reply = one.prompt_tokens, one.output_tokens
        alone = times.seconds(StepBatch(prefills=1, prefill_tokens=prompt, prefill_pairs=prompt * prompt // 2))
        context = prompt * reply + reply * reply / 2
        reading = context * (line.base_s / cache + line.context_token_s)
        found.append(EngineSeconds(max(alone - line.base_s, 0.0), reading))
    return found


def in_burst(burst: Burst) -> list[RequestArrival]:
    """The requests that count."""
    return [one for one in burst.arrivals() if WARM_S <= one.time < WARM_S + BURST_S]


def by_work(burst: Burst) -> float:
    """The largest share that any order can serve."""
    seconds = sorted(map(sum, engine_seconds(in_burst(burst), world.fleet())))
    left = world.ENGINES * (BURST_S + OBJECTIVE_S + BEYOND_S)
    served = 0
    for one in seconds:
        left -= one
        if left < 0:
            break
        served += 1
    return served / len(seconds)


def clairvoyant(burst: Burst, *, replies: bool = True) -> float:
    """The share that the clairvoyant order keeps; without `replies`, it knows all but their lengths."""
    counted = in_burst(burst)
    needs = engine_seconds(counted, world.fleet())
    work = {_place(one): sum(need) if replies else need.prompt for one, need in zip(counted, needs, strict=True)}
    limits = sorted(work.values())
    kept = 0
    for share in SHARES:
        limit = limits[min(int(len(limits) * share), len(limits) - 1)]
        waits = world.lived(burst, ordered=True, serves=_within(work, limit))
        kept = max(kept, waits.counts.kept_first)
    return kept / len(counted)


def _within(work: Mapping[RequestPlace, float], limit: float) -> Kept:
    return lambda one: work.get(_place(one), 0.0) <= limit


def _place(one: RequestArrival) -> RequestPlace:
    return one.time, one.prompt_tokens, one.output_tokens
