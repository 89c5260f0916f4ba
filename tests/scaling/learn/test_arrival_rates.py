"""Arrivals that are counted apart: they add no rate."""

from typing import Final

from fairlead.scaling.learn import arrival_rates
from fairlead.scaling.learn.arrival_counters import ArrivalCounter
from fairlead.scaling.learn.arrival_rates import ArrivalResolution, Arrivals

RHYTHM: Final = ArrivalResolution(grain=4.0, stale=30.0)
PAUSE: Final = 7200.0


def counter_at(at: float, requests: float, batch: float = 0.0, name: str = "router") -> ArrivalCounter:
    """A router's counter."""
    return ArrivalCounter(name=name, at=at, requests=requests, prompt_tokens=requests * 100, batch=batch)


def after(before: Arrivals, counter: ArrivalCounter) -> Arrivals:
    """The arrivals after one more sample."""
    return arrival_rates.updated(before, (counter,), frozenset({counter.name}), RHYTHM, counter.at)


def test_batch_work_adds_no_rate_but_the_fleet_was_not_idle() -> None:
    arrivals = Arrivals()
    for counter in (counter_at(0.0, 0.0), counter_at(10.0, 20.0), counter_at(20.0, 20.0)):
        arrivals = after(arrivals, counter)
    assert (arrivals.points[-1].requests, arrivals.last) == (20.0, 10.0)
    arrivals = after(arrivals, counter_at(30.0, 20.0, batch=300.0))
    assert (arrivals.points[-1].requests, arrivals.last) == (20.0, 30.0)
    assert after(arrivals, counter_at(PAUSE, 0.0, batch=1.0, name="new")).last == PAUSE
