"""How many replicas the tokens ask for that will be wanted one cold start from now: full mode.

Demand is arrivals times what an average request takes; supply is what one replica was measured to do. What waits by
then is to be paid off within one more cold start, in replicas whose every second is used.
"""

from dataclasses import dataclass
from math import ceil, fsum, sqrt
from typing import Final

from fairlead.fleet.policies import Policy
from fairlead.scaling import queue_depth, requiring, starting
from fairlead.scaling.facts import Speed
from fairlead.scaling.forecasting import Outlook
from fairlead.scaling.mixing import Request
from fairlead.scaling.recommendation import Candidate, Figure, Signal
from fairlead.scaling.requiring import Demand, Need
from fairlead.scaling.roster import Roster

MOST_HEADROOM: Final = 0.9
"""A share of 1 would take a fleet without end."""
SLACK: Final = 0.05
"""Of a replica: what headroom stands for, rather than one replica more."""
MARGIN: Final = 1.2
"""What is needed without one replica, over what is asked for: so that noise does not take one away and back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was learnt, as far as this signal uses it."""

    speed: Speed
    request: Request
    outlook: Outlook
    horizon: float
    strain: float = 1.0
    """How much more it takes than reckoned, as users felt it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """The candidate, and the numbers that others need too."""

    candidate: Candidate
    demand: Demand
    """Now."""
    without_one: int
    need: float
    """For the objectives, headroom included, in parts of a replica."""
    reckoned: float
    """What comes now, by the arithmetic and with headroom, before anything was felt."""


def nobody_knows(because: str) -> Candidate:
    """While something is still to be learnt."""
    return Candidate(signal=Signal.TOKENS, replicas=None, because=because)


def demand(known: Known) -> Demand:
    """What comes now, by the second."""
    level, request = known.outlook.level, known.request
    return Demand(
        requests=level.requests,
        computed_tokens=level.prompt_tokens * request.true_share * request.computed_share,
        output_tokens=level.requests * request.output_tokens,
    )


def reckoned(known: Known, roster: Roster, policy: Policy, headroom: float, now: float) -> Reckoning:
    """The whole arithmetic."""
    here = demand(known)
    then = here.times(known.outlook.factor)
    least = requiring.least(known.speed, known.request, then, policy.objectives)
    now_least = least if here == then else requiring.least(known.speed, known.request, here, policy.objectives)
    kept_free = _kept_free(known, least, then, headroom)
    room = requiring.roomy(known.speed, known.request, then)
    need = max(kept_free * least.replicas * known.strain, room)
    backlog = _backlog(known, roster, here, now)
    paying = requiring.busy(known.speed, known.request, then) + backlog / known.horizon
    more = max(need, paying)
    replicas = ceil(more - SLACK) + len(roster.stuck) if more > 0 else 0
    because = _because(known, then, least, need) if need >= paying else _because_backlog(known, backlog, paying)
    shown = _figures(known, kept_free, backlog)
    return Reckoning(
        candidate=Candidate(signal=Signal.TOKENS, replicas=max(replicas, 0), because=because, figures=shown),
        demand=here,
        without_one=max(ceil(need * MARGIN - SLACK), 0),
        need=need,
        reckoned=kept_free * now_least.replicas,
    )


def _kept_free(known: Known, least: Need, then: Demand, headroom: float) -> float:
    """The larger of the policy's share and one deviation of how many run at once, if they come by even chance: what
    comes in heaps shows in what is missed, and so in the strain."""
    running = max(then.output_tokens * known.speed.step_seconds, least.replicas)
    chance = sqrt(1 / running) if running > 0 else 0.0
    return max(1 / (1 - min(headroom, MOST_HEADROOM)), 1 + min(chance, 1.0))


def _backlog(known: Known, roster: Roster, here: Demand, now: float) -> float:
    """Replica-seconds that wait when a replica asked for now would serve, with those that come before it."""
    waiting = queue_depth.waiting(roster)
    each = requiring.busy(known.speed, known.request, _one(known.request))
    load = requiring.busy(known.speed, known.request, here)
    spare = len(roster.ready) - load
    served = spare * known.horizon + fsum(
        known.horizon - min(starting.remaining(pod, known.horizon, now), known.horizon) for pod in roster.coming
    )
    return max(waiting * each - served, 0.0)


def _one(request: Request) -> Demand:
    return Demand(requests=1.0, computed_tokens=request.computed_tokens, output_tokens=request.output_tokens)


def _because(known: Known, then: Demand, least: Need, need: float) -> str:
    return (
        f"{then.requests:.2f} requests/s with {then.computed_tokens:.0f} prompt and {then.output_tokens:.0f} output "
        f"tokens/s in {known.horizon:.0f} s take {least.replicas:.2f} replicas by {least.by}, {need:.2f} with headroom"
    )


def _because_backlog(known: Known, backlog: float, paying: float) -> str:
    return f"what will wait in {known.horizon:.0f} s is {backlog:.0f} replica-seconds of work, paid off by {paying:.2f}"


def _figures(known: Known, kept_free: float, backlog: float) -> tuple[Figure, ...]:
    speed, request = known.speed, known.request
    return (
        Figure(name="speed.stepSeconds", value=speed.step_seconds, unit="s"),
        Figure(name="speed.secondsPerSequence", value=speed.seconds_per_sequence, unit="s"),
        Figure(name="speed.secondsPerPromptToken", value=speed.seconds_per_prompt_token, unit="s"),
        Figure(name="request.promptTokens", value=request.prompt_tokens, unit="tokens"),
        Figure(name="request.computedShare", value=request.computed_share),
        Figure(name="request.outputTokens", value=request.output_tokens, unit="tokens"),
        Figure(name="headroom.factor", value=kept_free),
        Figure(name="strain.factor", value=known.strain),
        Figure(name="backlog.replicaSeconds", value=backlog, unit="s"),
    )
