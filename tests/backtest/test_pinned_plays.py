"""Simulations whose every figure is stored beside this file: speeding up or moving code must not change them.

A change that means to change results writes them anew: `python -m tests.backtest.test_pinned_plays`.
"""

import json
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.backtest import baselines
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings, play
from fairlead.fleet.policies import ReplicaBounds
from fairlead.simulator.engine.settings import SchedulingPolicy, SpeculationSettings
from fairlead.simulator.traffic.arrivals import RequestArrival
from tests.backtest import test_play
from tests.backtest.test_play import SETTINGS, streams
from tests.simulator.engine.engines import PlainTimes

PINNED: Final = Path(__file__).parent / "data" / "pinned_plays.json"
SECONDS: Final = 240.0
BOUNDS: Final = ReplicaBounds(least=1, most=6, policy="chat")
LATE: Final = replace(SETTINGS, late_stop=True)
SMALL: Final = replace(LATE, blocks=120, max_sequences=24)
SLOW: Final = PlainTimes(step_s=0.030, sequence_s=0.002, prompt_token_s=0.0005)
DRAFTS: Final = SpeculationSettings(tokens=3, acceptance=(0.8, 0.6, 0.4), lookahead=3, rereads_page=True)


def candidate(replicas: int | ReplicaBounds, **changes: object) -> Candidate:
    """So slow that one or two requests a second are enough load."""
    return test_play.candidate(replicas, times=SLOW, **changes)


def crowd(seed: str, rate: float = 2.0) -> PlayedTraffic:
    """Requests of all lengths that share nothing, twice as many in the middle."""

    def arrivals(_: int) -> Iterator[RequestArrival]:
        chance, now = random.Random(seed), 0.0  # noqa: S311  # a replayable draw
        while now < SECONDS:
            yield RequestArrival(
                time=now,
                prompt_tokens=1 + int(chance.expovariate(1 / 300)) % 3000,
                output_tokens=1 + int(chance.expovariate(1 / 60)) % 900,
                priority=chance.randrange(3),
            )
            now += chance.expovariate(rate * (2.0 if 80.0 < now < 160.0 else 1.0))

    return PlayedTraffic(arrivals=arrivals, seconds=SECONDS)


def sessions(seed: str, rate: float = 2.0) -> PlayedTraffic:
    """Prompts with shared prefixes, some with the reply before them."""

    def arrivals(block: int) -> Iterator[RequestArrival]:
        chance, now, turns = random.Random(seed), 0.0, dict[int, tuple[int, ...]]()  # noqa: S311  # a replayable draw
        while now < SECONDS:
            session, output = chance.randrange(12), 1 + chance.randrange(120)
            before = turns.get(session, ())
            if len(before) > 120:
                before = ()
            prefix = (*before, *(chance.randrange(1 << 40) for _ in range(1 + chance.randrange(20))))
            tail = chance.randrange(block)
            tokens = len(prefix) * block + tail
            reply = tuple(chance.randrange(1 << 40) for _ in range((tail + output) // block))
            turns[session] = (*prefix, *reply)
            yield RequestArrival(time=now, prompt_tokens=tokens, output_tokens=output, prefix=prefix, reply=reply)
            now += chance.expovariate(rate)

    return PlayedTraffic(arrivals=arrivals, seconds=SECONDS)


PLAYS: Final[Mapping[str, tuple[Candidate, PlayedTraffic]]] = {
    "scaled by our policy": (candidate(BOUNDS, settings=LATE), crowd("policy", 5.0)),
    "scaled by our policy, no cache": (
        candidate(BOUNDS, settings=replace(LATE, prefix_caching=False)),
        crowd("bare", 5.0),
    ),
    "scaled by another's, in turn": (
        candidate(BOUNDS, settings=LATE, in_turn=True, baseline=baselines.BASELINES["hpa"]),
        crowd("baseline", 4.0),
    ),
    "sessions behind one router": (candidate(3, settings=LATE, routers=1), sessions("one")),
    "sessions behind three routers": (candidate(3, settings=LATE, routers=3), sessions("three", 3.0)),
    "sessions in small caches": (candidate(3, settings=replace(SMALL, blocks=300)), sessions("small")),
    "preempted": (candidate(2, settings=SMALL), crowd("tight")),
    "preempted, each step by itself": (candidate(2, settings=replace(SMALL, late_stop=False)), crowd("tight")),
    "by priority, in short pieces": (
        candidate(2, settings=replace(SMALL, policy=SchedulingPolicy.PRIORITY, long_prefill_tokens=256)),
        crowd("priority"),
    ),
    "refused beyond a backlog": (
        candidate(1, settings=replace(LATE, max_unfinished=40, max_backlog_tokens=8000, watermark=0.02)),
        crowd("refused", 2.5),
    ),
    "with drafts": (candidate(2, settings=replace(LATE, speculation=DRAFTS)), crowd("drafts")),
    "two ranks a replica": (candidate(2, settings=LATE, ranks=2), crowd("ranks", 4.0)),
    "drained with requests in flight": (
        candidate(BOUNDS, settings=LATE, baseline=baselines.BASELINES["knative"]),
        crowd("drained", 1.5),
    ),
}


def played(name: str) -> PlayedCandidate:
    """By name, since a failure shows it."""
    made, traffic = PLAYS[name]
    return play(made, traffic, PlaySettings(streams=streams, start=2))


def figures(found: PlayedCandidate) -> dict[str, Any]:
    """All its figures, as JSON reads them back."""
    document = {**asdict(found), "report": found.report.as_document()}
    return dict(json.loads(json.dumps(document)))


@pytest.mark.parametrize("name", PLAYS)
def test_a_play_gives_the_figures_that_it_always_gave(name: str) -> None:
    expected = json.loads(PINNED.read_text(encoding="utf-8"))[name]
    _same(figures(played(name)), expected, name)


def _same(found: object, expected: object, place: str) -> None:
    """Equal except for the last digits, which may differ with another processor's logarithms."""
    if isinstance(expected, float) and isinstance(found, float):
        assert math.isclose(found, expected, rel_tol=1e-9), f"{place}: {found} and not {expected}"
    elif isinstance(expected, dict) and isinstance(found, dict):
        assert list(found) == list(expected), place
        for key, value in expected.items():
            _same(found[key], value, f"{place}, {key}")
    elif isinstance(expected, list) and isinstance(found, list):
        assert len(found) == len(expected), place
        for at, value in enumerate(expected):
            _same(found[at], value, f"{place}, {at}")
    else:
        assert found == expected, place


if __name__ == "__main__":
    shown = {name: figures(played(name)) for name in PLAYS}
    PINNED.write_text(json.dumps(shown) + "\n", encoding="utf-8")
