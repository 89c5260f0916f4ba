"""Inputs of `fairlead tune`: one deployment that scales, its policy, and a trace in two parts; and the search."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from fairlead.api import kinds
from fairlead.backtest import advice, policy_search
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.comparison import Comparison, Repeat
from fairlead.backtest.comparison_rows import ComparisonRow
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic
from fairlead.backtest.policy_search import NothingToTune, Tuning
from fairlead.cli import argument_values, simulate_candidates, simulate_inputs, simulate_runs
from fairlead.cli.argument_values import ArgumentValueError
from fairlead.cli.simulate_candidates import SinglePlayable
from fairlead.cli.traffic_source import TrafficSource
from fairlead.fleet.policies import ReplicaBounds
from fairlead.review.context import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTuning:
    """What `fairlead tune` prints."""

    policy: ObjectKey
    """The policy to patch."""
    before: Candidate
    tuning: Tuning
    held: tuple[PlayedCandidate, PlayedCandidate]
    """On the part held back: the current policy, and the one that was found."""
    traffic: str
    split_seconds: float

    @property
    def helps(self) -> bool:
        """Whether the policy that was found is better on the part held back, too."""
        as_it_is, found = self.held
        if as_it_is.keeps != found.keeps:
            return found.keeps
        if not found.keeps:
            return found.report.kept > as_it_is.report.kept
        return advice.spent(found) < advice.spent(as_it_is)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the plays leave out or assume, of both policies."""
        return tuple(dict.fromkeys(note for one in self.held for note in one.notes))

    @property
    def used(self) -> PlayedCandidate:
        """The result on the part held back of the policy to use."""
        return self.held[1] if self.helps else self.held[0]


def tuned(chosen: argparse.Namespace, source: TrafficSource) -> ShownTuning:
    """Search for a policy; raises `ValueError` or `OSError`, in plain words, for unreadable or contradictory input."""
    share = argument_values.number("--train", chosen.train, 0.1, 0.9)
    if chosen.jobs is not None and not 1 <= chosen.jobs <= simulate_inputs.MAX_REPEATS:
        raise ArgumentValueError(f"--jobs {chosen.jobs}: a number between 1 and {simulate_inputs.MAX_REPEATS}")
    settings = simulate_inputs.play_settings(chosen, source, source.trace.began)
    given = simulate_candidates.single(chosen, source.recording)
    one, policy, trace = given.candidate, _policy(given), source.trace
    given.check_objective(settings.objectives)
    if trace.at_once:
        raise ArgumentValueError(
            "--traffic: all requests of this batch come at once, and a policy is tuned on one part of the "
            "time and judged on another; spread them with --window 1h"
        )
    if not trace.seconds:
        raise ArgumentValueError(
            f"--traffic: {trace.words}; a policy is tuned on one part of the time and judged on another: use a longer "
            "trace"
        )
    split = trace.seconds * share
    early = PlayedTraffic(
        arrivals=lambda page: takewhile(lambda each: each.time < split, trace.arrivals(page)),
        seconds=split,
        began=trace.began,
    )
    late = PlayedTraffic(arrivals=trace.arrivals, seconds=trace.seconds, since=split, began=trace.began)
    jobs = chosen.jobs or simulate_inputs.cores()

    def play_all(some: Sequence[Candidate]) -> list[PlayedCandidate]:
        return _played(some, Repeat(early, settings), jobs)

    found = policy_search.tune(one, play_all)
    before, after = _played([one, found.candidate], Repeat(late, settings), jobs)
    words = trace.words + simulate_inputs.start_words(settings)
    return ShownTuning(
        policy=policy, before=one, tuning=found, held=(before, after), traffic=words, split_seconds=split
    )


def _policy(one: SinglePlayable) -> ObjectKey:
    bounds = one.candidate.replicas
    if not isinstance(bounds, ReplicaBounds) or bounds.policy is None:
        raise NothingToTune(
            f"{one.candidate.name}: it has no policy; set spec.scaling.policy and give that policy's file"
        )
    namespace = str(one.content.get("metadata", {}).get("namespace") or "default")
    return ObjectKey(kinds.POLICY.name, namespace, bounds.policy)


def _played(some: Sequence[Candidate], once: Repeat, jobs: int) -> list[PlayedCandidate]:
    """Play in the given order; an interrupt ends the search."""
    if sys.stderr.isatty():
        print(f"{len(some)} policies", file=sys.stderr)
    rows = tuple(ComparisonRow(name=one.name, candidate=one) for one in some)
    comparison = Comparison(rows=rows, repeats=(once,), whole=once.traffic)
    outcome = simulate_runs.played(comparison, jobs, bounded=False)
    if outcome.interrupted:
        raise KeyboardInterrupt
    return [outcome.runs[who, 0] for who in range(len(some))]
