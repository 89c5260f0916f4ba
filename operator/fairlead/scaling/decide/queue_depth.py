"""The need by queue depth: `ceil(waiting / target)`, over routers and engines together."""

from math import ceil, fsum

from fairlead.fleet.plurals import count, formatted, verb
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.recommendation import DecisionFigure, ScalingSignal, SignalNeed


def waiting(roster: PodInventory) -> float:
    """Requests without those of the lane batch that no engine runs yet; pods without a sample count like the mean."""
    return in_routers(roster) + in_engines(roster)


def in_routers(roster: PodInventory) -> float:
    """Without the lane batch, which uses idle capacity and never grows a fleet."""
    told = fsum(figures.waiting for _, figures in roster.routers)
    return told * _for_all(len(roster.routers), len(roster.silent))


def in_engines(roster: PodInventory) -> float:
    """In ready engines; more replicas do not help requests that a stuck one holds."""
    told = [figures.waiting for _, figures in roster.known if figures.waiting is not None]
    return fsum(told) * _for_all(len(told), len(roster.ready) - len(told))


def _for_all(told: int, silent: int) -> float:
    return (told + silent) / told if told else 1.0


def candidate(roster: PodInventory, target: int) -> SignalNeed:
    """The need by this signal alone."""
    if not roster.routers and not any(figures.waiting is not None for _, figures in roster.known):
        return SignalNeed(
            signal=ScalingSignal.QUEUE_DEPTH, replicas=None, because="no router or engine reports its queue"
        )
    routers, engines = in_routers(roster), in_engines(roster)
    replicas = ceil((routers + engines) / target)
    return SignalNeed(
        signal=ScalingSignal.QUEUE_DEPTH,
        replicas=replicas,
        because=f"{count(routers, 'request')} {verb(routers, 'waits')} in routers and {formatted(engines)} in engines, "
        f"{target} for each replica {verb(target, 'is')} fine",
        figures=(
            DecisionFigure(name="queue.routers", value=routers, unit="requests"),
            DecisionFigure(name="queue.engines", value=engines, unit="requests"),
        ),
    )
