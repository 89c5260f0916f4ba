"""The inputs of `fairlead simulate`: candidates from files, and a trace, read through before anything is played."""

import argparse
import gzip
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from math import inf
from pathlib import Path

from fairlead.api import deployment_conversion, kinds, object_reader
from fairlead.backtest import play
from fairlead.backtest.candidate import Candidate, Unplayable, candidate
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.cli import argument_values, offline_data
from fairlead.cluster import documents
from fairlead.cluster.documents import YamlDocument
from fairlead.emulator import packaged_data
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.plurals import count
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.fleet.randomness import RandomSource
from fairlead.review import admission
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.simulator.traffic import access_lines, request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts

FORMATS = (
    f"the first line of a CSV is {','.join(request_traces.COLUMNS)} or TIMESTAMP,ContextTokens,GeneratedTokens; JSON "
    "lines have input_length (Mooncake) or request_id (the routers' access lines)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateInputs:
    """Everything that is played."""

    candidates: tuple[Candidate | Unplayable, ...]
    traffic: PlayedTraffic
    words: str
    """The traffic in one line."""
    common: PlaySettings

    def played(self, one: Candidate) -> PlayedCandidate:
        """What came of one candidate, and the least that any could cost on its replicas."""
        least = play.bound(one, self.traffic, self.common) / 3600
        return replace(play.play(one, self.traffic, self.settings(one.name)), least_gpu_hours=least)

    def settings(self, name: str) -> PlaySettings:
        """For one candidate, with its progress on a terminal."""
        if not sys.stderr.isatty():
            return self.common

        def show(seconds: float) -> None:
            share = min(seconds / self.traffic.seconds, 1.0) if self.traffic.seconds else 1.0
            print(f"\r{name}: {share:4.0%} played", end="" if share < 1 else "\n", file=sys.stderr, flush=True)

        return replace(self.common, progress=show)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCut:
    """Which part of a trace is played, and how fast."""

    since: float
    until: float
    speed_up: float

    def of(self, arrivals: Iterable[RequestArrival]) -> Iterator[RequestArrival]:
        """Requests of the part, the first at 0 seconds."""
        start: float | None = None
        for one in arrivals:
            if one.time >= self.until:
                return
            if one.time >= self.since:
                start = one.time if start is None else start
                yield replace(one, time=(one.time - start) / self.speed_up)


def read(chosen: argparse.Namespace) -> SimulateInputs:
    """`ValueError` or `OSError` for what cannot be read or makes no sense, in words for people."""
    cut = TraceCut(
        since=_duration("--since", chosen.since) or 0.0,
        until=_duration("--until", chosen.until) or inf,
        speed_up=argument_values.number("--speed-up", chosen.speed_up, 0.01, 1000.0),
    )
    if chosen.start is not None and not 0 <= chosen.start <= 10_000:
        raise argument_values.ArgumentValueError(f"--start {chosen.start}: a number between 0 and 10000")
    traffic, words = _traffic(Path(chosen.traffic), cut)
    cold = _duration("--cold-start", chosen.cold_start)
    return SimulateInputs(
        candidates=tuple(_candidates(chosen)),
        traffic=traffic,
        words=words,
        common=PlaySettings(
            streams=_streams(chosen.seed),
            objectives=LatencyObjectives(
                ttft_p95_s=_duration("--ttft-p95", chosen.ttft_p95), tpot_p95_s=_duration("--tpot-p95", chosen.tpot_p95)
            ),
            cold_starts=None if cold is None else FixedColdStarts(cold),
            start=chosen.start,
        ),
    )


def _candidates(chosen: argparse.Namespace) -> Iterator[Candidate | Unplayable]:
    found = list(documents.read(chosen.files))
    context = offline_data.offline_knowledge(chosen.config_json, chosen.products, found)
    packaged = packaged_data.load(Path(chosen.step_times) if chosen.step_times else None)
    packaged = replace(packaged, catalogue=context.catalogue)
    deployments = [one for one in found if _is_deployment(one)]
    if not deployments:
        raise ValueError(f"{', '.join(chosen.files)}: no InferenceDeployment in it; give one, or several to compare")
    for one in deployments:
        review = admission.review(one.content, context)
        read = object_reader.read_strict(one.content, kinds.DEPLOYMENT)
        if read.value is None:
            raise ValueError(f"{one.place}: {review.refusals[0].field}: {review.refusals[0].because}")
        desired = deployment_conversion.deployment(read.value, context.releases)
        yield candidate(review, desired, _policy(desired.replicas, read.value.namespace, context), packaged)


def _is_deployment(one: YamlDocument) -> bool:
    if one.problem:
        raise ValueError(f"{one.place}: {one.problem}")
    return isinstance(one.content, dict) and one.content.get("kind") == kinds.DEPLOYMENT.name


def _policy(bounds: int | ReplicaBounds, namespace: str, context: ReviewContext) -> ScalingPolicy | None:
    if not isinstance(bounds, ReplicaBounds) or bounds.policy is None:
        return None
    return context.policies.get(ObjectKey(kinds.POLICY.name, namespace, bounds.policy))


def _traffic(path: Path, cut: TraceCut) -> tuple[PlayedTraffic, str]:
    """Read through once, so that a bad line is named before anything is played."""
    requests, last, prompts, replies, notes = 0, 0.0, 0, 0, list[str]()
    for one in cut.of(_arrivals(path, 16, notes)):
        if one.time < last:
            raise UnreadableTraffic(
                f"{path}: request {requests + 1} came {last - one.time:g} s before the one above it; sort it"
            )
        requests, last = requests + 1, one.time
        prompts, replies = prompts + one.prompt_tokens, replies + one.output_tokens
    if not requests:
        raise UnreadableTraffic(f"{path}: no request is left to play; check --since and --until")
    rate = requests / last if last else float(requests)
    words = (
        f"{path.name}: {count(requests, 'request')} in {last / 60:,.1f} min, {rate:.2f} a second on average, "
        f"{prompts / requests:,.0f} prompt and {replies / requests:,.0f} output tokens each{''.join(notes)}"
    )
    return PlayedTraffic(arrivals=lambda page: cut.of(_arrivals(path, page, [])), seconds=last), words


def _arrivals(path: Path, page_tokens: int, notes: list[str]) -> Iterator[RequestArrival]:
    """By what the first line says it is."""
    try:
        with _lines(path) as text:
            first = next((line for line in text if line.strip()), "")
            lines = chain((first,), text)
            yield from _reader(first, lines, page_tokens, notes)
    except UnicodeDecodeError as problem:
        raise UnreadableTraffic(f"{path}: it is no text in UTF-8; {FORMATS}") from problem
    except UnreadableTraffic as problem:
        raise UnreadableTraffic(f"{path}: {problem}") from problem


def _reader(first: str, lines: Iterable[str], page_tokens: int, notes: list[str]) -> Iterable[RequestArrival]:
    if first.startswith("{"):
        if '"input_length"' in first:
            return request_traces.mooncake(lines, page_tokens)
        if '"request_id"' in first:
            found = access_lines.read(lines)
            if found.left_out:
                notes.append(f"; {count(found.left_out, 'line')} without counted tokens left out")
            return found.arrivals
    names = set(first.strip().split(","))
    if names >= set(request_traces.COLUMNS):
        return request_traces.columns(lines)
    if "ContextTokens" in names:
        return request_traces.azure(lines)
    raise UnreadableTraffic(f"its first line says of no format that is known what it is; {FORMATS}")


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[str]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as text:
        yield iter(text)


def _streams(seed: int) -> Callable[[str], RandomSource]:
    def stream(name: str) -> RandomSource:
        return random.Random(f"{seed}/{name}")  # noqa: S311  # a recorded seed, not a secret

    return stream


def _duration(word: str, written: str | None) -> float | None:
    return None if written is None else argument_values.duration(word, written)
