"""What the signals ask for together, and the figures that go with it.

Each signal speaks for itself. Where tokens are looked at and enough was learnt, they lead, and queue and cache only
correct them: they see what was foreseen already, so that they add a replica where pressure stays although nothing is on
its way, and otherwise ask for no more than there is.
"""

from dataclasses import dataclass, replace
from math import ceil, fsum
from typing import Final

from fairlead.scaling import (
    exceeding,
    forecasting,
    kv_cache,
    learning,
    mixing,
    queue_depth,
    queue_time,
    speeds,
    straining,
    token_demand,
)
from fairlead.scaling.asked import Asked, Load
from fairlead.scaling.facts import Facts
from fairlead.scaling.learning import Learnt
from fairlead.scaling.recommendation import Candidate, Figure
from fairlead.scaling.roster import Roster
from fairlead.scaling.token_demand import Known, Reckoning
from fairlead.scaling.trusting import Trust

PATIENCE: Final = 1 / 4
"""Of a cold start: how long pressure stays before queue and cache correct what tokens say."""
CORRECTION: Final = 1 / 4
"""Of the replicas there are: how many more they ask for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One moment, with what was learnt before it."""

    facts: Facts
    roster: Roster
    learnt: Learnt
    """Arrivals up to now; all else up to the last look."""
    now: float

    @property
    def horizon(self) -> float:
        """Seconds from asking for a replica until it serves."""
        return learning.horizon(self.learnt, self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the signals ask for."""

    candidates: tuple[Candidate, ...]
    known: Known | None
    reckoning: Reckoning | None
    pressed_since: float | None


def wished(view: View) -> Wish:
    """All signals that the policy looks at."""
    signals = view.facts.policy.signals
    late = _late(view)
    simple = []
    if signals.queue_per_replica is not None:
        simple.append(queue_depth.candidate(view.roster, signals.queue_per_replica))
    if signals.kv_target:
        simple.append(kv_cache.candidate(view.roster, signals.kv_target, view.facts.policy.warm_pool.ready))
    if signals.token_headroom is None:
        return Wish(candidates=(*late, *simple), known=None, reckoning=None, pressed_since=None)
    known = _known(view)
    if isinstance(known, str):
        unknown = token_demand.nobody_knows(known)
        return Wish(candidates=(unknown, *late, *simple), known=None, reckoning=None, pressed_since=None)
    reckoning = token_demand.reckoned(known, view.roster, view.facts.policy, signals.token_headroom, view.now)
    pressed = any((one.replicas or 0) > len(view.roster.ready) for one in simple)
    since = (view.learnt.pressed_since if view.learnt.pressed_since is not None else view.now) if pressed else None
    corrected = (_corrected(one, view, since) for one in simple)
    candidates = (reckoning.candidate, *late, *corrected)
    return Wish(candidates=candidates, known=known, reckoning=reckoning, pressed_since=since)


def _known(view: View) -> Known | str:
    """What full mode needs, or what is still missing."""
    speed = speeds.speed(view.learnt.fits, view.facts.revision, view.facts.assumed)
    request = mixing.average(view.learnt.mixture)
    outlook = forecasting.outlook(view.learnt.arrivals.points, view.learnt.forecasts, view.horizon, view.now)
    if outlook is None:
        return "requests were not counted for long enough to tell how many arrive each second"
    if request is None:
        return f"fewer than {mixing.ENOUGH:.0f} requests have been answered, too few to tell how long an answer is"
    if speed is None:
        return "the speed of a replica is neither measured yet nor known for this accelerator"
    felt = straining.fitted(view.learnt.strain)
    return Known(
        speed=speed,
        request=request,
        outlook=outlook,
        horizon=view.horizon,
        strain=straining.factor(felt, view.facts.policy.signals.token_headroom or 0.0),
        excess=exceeding.factor(view.learnt.excess, felt.power),
    )


def _late(view: View) -> tuple[Candidate, ...]:
    """What the time in the queue asks for, where the policy limits it."""
    most = queue_time.limit(view.facts.policy)
    if most is None:
        return ()
    return (queue_time.candidate(view.facts, view.roster, view.learnt.queueing, most, view.horizon),)


def _corrected(one: Candidate, view: View, since: float | None) -> Candidate:
    """As far as it tells more than tokens do."""
    there = max(view.roster.supply - view.facts.policy.warm_pool.ready, 0)
    if one.replicas is None or one.replicas <= there:
        return one
    long = since is not None and view.now - since >= PATIENCE * view.horizon
    most = there
    because = "tokens decide while replicas start and while this is new"
    if long and not view.roster.coming:
        most = there + max(ceil(there * CORRECTION), 1)
        because = "it lasts, although tokens ask for no more"
    return replace(
        one, replicas=min(one.replicas, most), because=f"{one.because}, which makes {one.replicas}; {because}"
    )


def asked(view: View, wish: Wish, trust: Trust) -> Asked:
    """For the limits."""
    roster = view.roster
    held = fsum(figures.held for _, figures in roster.routers)
    return Asked(
        candidates=wish.candidates,
        may_shrink=trust.may_shrink,
        need=wish.reckoning.need if wish.reckoning else None,
        cold_start_seconds=view.horizon,
        ready=len(roster.ready),
        starting=len(roster.coming),
        running=_running(roster),
        waiting=queue_depth.waiting(roster),
        held=held,
        last_arrival=view.learnt.arrivals.last,
        questions=trust.questions,
        load=_load(wish),
    )


def _running(roster: Roster) -> float:
    return fsum(figures.running or 0.0 for _, figures in roster.known)


def _load(wish: Wish) -> Load | None:
    if wish.known is None or wish.reckoning is None:
        return None
    return Load(
        prompt_tokens=wish.reckoning.demand.computed_tokens,
        output_tokens=wish.reckoning.demand.output_tokens,
        tokens_per_sequence=wish.known.request.held_tokens,
        speed=wish.known.speed,
    )


def figures(view: View, wish: Wish) -> tuple[Figure, ...]:
    """Of this decision as a whole; what nobody knows is left out."""
    roster = view.roster
    shown = [
        Figure(name="supply.replicas", value=len(roster.known)),
        Figure(name="supply.starting", value=len(roster.coming)),
        Figure(name="queue.waiting", value=queue_depth.waiting(roster), unit="requests"),
        Figure(name="queue.held", value=fsum(figures.held for _, figures in roster.routers), unit="requests"),
        Figure(name="queue.running", value=_running(roster), unit="requests"),
        Figure(name="coldStart.seconds", value=view.horizon, unit="s"),
    ]
    usage = kv_cache.usage(roster)
    if usage is not None:
        shown.append(Figure(name="kv.usage", value=usage))
    if wish.reckoning is not None and wish.known is not None:
        demand, level = wish.reckoning.demand, wish.known.outlook
        shown += (
            Figure(name="demand.requestsPerSecond", value=demand.requests, unit="1/s"),
            Figure(name="demand.promptTokensPerSecond", value=demand.computed_tokens, unit="tokens/s"),
            Figure(name="demand.outputTokensPerSecond", value=demand.output_tokens, unit="tokens/s"),
            Figure(name="demand.forecastFactor", value=level.factor),
            Figure(name="need.replicas", value=wish.reckoning.need),
        )
    return tuple(shown)
