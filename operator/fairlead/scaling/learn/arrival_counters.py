"""The counters of arrivals: those of routers, or of engines if there is no router."""

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.scaling.decide.pod_inventory import PodInventory


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalCounter:
    """The counter of one router or engine, at its last sample."""

    name: str
    at: float
    requests: float
    prompt_tokens: float
    batch: float = 0.0
    """Requests of the batch lane, which are not in `requests`."""
    mean_prompt: float | None = None
    """Tokens of a prompt, for an engine's requests, whose prompts nothing counts on arrival; None for a router."""
    request_rate: float = 0.0
    prompt_rate: float = 0.0
    ahead: float = 0.0
    """Requests assumed while no sample came, which must not be counted again when one does."""
    ahead_tokens: float = 0.0


def counters(inventory: PodInventory, mean_prompt: float) -> tuple[tuple[ArrivalCounter, ...], frozenset[str]]:
    """Return counters with a sample now, and the names of all that could have one; an engine's requests are those that
    run, wait or ended."""
    if inventory.routers or inventory.silent:
        routers = tuple(
            ArrivalCounter(
                name=one.name,
                at=figures.at,
                requests=figures.arrivals,
                prompt_tokens=figures.prompt_tokens,
                batch=figures.batch_arrivals,
            )
            for one, figures in inventory.routers
        )
        return routers, frozenset(one.name for one in (*(one for one, _ in inventory.routers), *inventory.silent))
    engines = []
    for pod, figures in (*inventory.measured, *inventory.leaving):
        sent = (figures.finished or 0.0) + (figures.running or 0.0) + (figures.waiting or 0.0)
        engines.append(
            ArrivalCounter(name=pod.name, at=figures.at, requests=sent, prompt_tokens=0.0, mean_prompt=mean_prompt)
        )
    return tuple(engines), frozenset(one.name for one in (*(one for one, _ in inventory.measured), *inventory.unknown))


def uncounted_arrivals(
    kept: Mapping[str, ArrivalCounter], reported: tuple[ArrivalCounter, ...], elapsed: float, stale: float
) -> bool:
    """Return whether requests came that add no rate, although the fleet was not idle: batch work, or any in a pause too
    long to count them."""
    for one in reported:
        before = kept.get(one.name)
        if before is None:  # it may have replaced a counter during the pause
            came = elapsed > stale and one.requests + one.batch > 0
        else:
            long = one.at - before.at > stale
            came = one.batch != before.batch or (long and one.requests != before.requests)
        if came:
            return True
    return False
