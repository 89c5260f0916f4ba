"""How many replicas the queue asks for: `ceil(waiting / target)`, in routers and engines together."""

from math import ceil, fsum

from fairlead.fleet.plurals import count, formatted, verb
from fairlead.scaling.pod_inventory import PodInventory
from fairlead.scaling.recommendation import DecisionFigure, ScalingSignal, SignalNeed


def waiting(roster: PodInventory) -> float:
    """Requests in a hurry that no engine runs yet; who does not tell is taken for as busy as the others."""
    return in_routers(roster) + in_engines(roster)


def in_routers(roster: PodInventory) -> float:
    """Batch work left out: it fills what is idle and never grows a fleet."""
    told = fsum(figures.waiting for _, figures in roster.routers)
    return told * _for_all(len(roster.routers), len(roster.silent))


def in_engines(roster: PodInventory) -> float:
    """In ready ones; what a stuck one holds is not helped by more replicas."""
    told = [figures.waiting for _, figures in roster.known if figures.waiting is not None]
    return fsum(told) * _for_all(len(told), len(roster.ready) - len(told))


def _for_all(told: int, silent: int) -> float:
    return (told + silent) / told if told else 1.0


def candidate(roster: PodInventory, target: int) -> SignalNeed:
    """By itself, whatever else is known."""
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
