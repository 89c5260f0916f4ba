"""The source of a command's traffic: a given trace, or the logs of a deployment's own routers."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from fairlead.cli import argument_values, recorded_service
from fairlead.cli.prometheus_traffic import MIN_STEP_SECONDS, RouterHistory
from fairlead.cli.recorded_service import ServiceRecording
from fairlead.cli.simulate_traffic import ReadTrace, TraceCut, TraceFile

USUAL_HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSource:
    """A trace, and the deployment in a cluster that it is for, if one was given."""

    trace: ReadTrace
    recording: ServiceRecording | None = None

    def replicas_at(self, date: float | None) -> int | None:
        """Return how many replicas answered when it was recorded; None if that or the date is not available."""
        return None if self.recording is None or date is None else self.recording.replicas_at(date)


@contextmanager
def opened(chosen: argparse.Namespace) -> Iterator[TrafficSource]:
    """Open the traffic and check it; fetched logs are kept while it is played."""
    _refuse_without_effect(chosen)
    if chosen.service is None:
        if not chosen.files or not chosen.traffic:
            raise argument_values.ArgumentValueError(
                "no FILE with --traffic TRACE, and no --from infd/NAME: name what to simulate, and on which requests"
            )
        yield TrafficSource(trace=_looked_through(chosen, Path(chosen.traffic), _seconds(chosen.since)))
    elif chosen.traffic:
        recording = recorded_service.at_once(chosen.service, chosen.namespace, None, context=chosen.context)
        trace = _looked_through(chosen, Path(chosen.traffic), _seconds(chosen.since), recording.target)
        yield TrafficSource(trace=trace, recording=recording)
    else:
        ago = _seconds(chosen.since) or USUAL_HOURS * 3600.0
        drawn = chosen.prometheus is not None
        if drawn and ago < MIN_STEP_SECONDS:
            raise argument_values.ArgumentValueError(
                f"--since {chosen.since}: --prometheus has rates of {MIN_STEP_SECONDS:g} s or more; choose 2m or more"
            )
        lines_of = None if drawn else ago
        recording = recorded_service.at_once(chosen.service, chosen.namespace, lines_of, context=chosen.context)
        source = _history(chosen, recording, ago) if drawn else recording
        with TemporaryDirectory(prefix="fairlead-") as folder:
            trace = _looked_through(chosen, source.write(Path(folder)), 0.0, recording.target)
            words = "".join((trace.words, *recording.notes))
            yield TrafficSource(trace=replace(trace, words=words), recording=recording)


def _refuse_without_effect(chosen: argparse.Namespace) -> None:
    """Refuse options that change nothing beside the others."""
    if chosen.prometheus is not None and (chosen.service is None or chosen.traffic):
        raise argument_values.ArgumentValueError(
            "--prometheus: it supplies the requests of the routers of --from infd/NAME; set --from, and not --traffic"
        )
    if chosen.window is not None and not chosen.traffic:
        raise argument_values.ArgumentValueError(
            f"--window {chosen.window}: it spreads the requests of --traffic BATCH, which is not given; leave it out"
        )
    if chosen.service is None and chosen.publish is None:
        _refuse_cluster_options(chosen)


def _refuse_cluster_options(chosen: argparse.Namespace) -> None:
    """Refuse what names a place in a cluster, where none is read."""
    for option, given, names in (
        ("--context", chosen.context, "chooses the cluster"),
        ("--namespace", chosen.namespace, "names the namespace"),
    ):
        if given:
            raise argument_values.ArgumentValueError(
                f"{option} {given}: it {names} of --from infd/NAME, or of --publish NAME of `fairlead simulate`, and "
                "neither is given; leave it out"
            )


def _history(chosen: argparse.Namespace, recording: ServiceRecording, ago: float) -> RouterHistory:
    return RouterHistory(
        url=chosen.prometheus,
        namespace=recording.namespace,
        name=recording.name,
        seconds=ago,
        gateway=recording.gateway,
    )


def _looked_through(chosen: argparse.Namespace, path: Path, since: float, target: str | None = None) -> ReadTrace:
    cut = TraceCut(
        since=since,
        until=inf if chosen.until is None else argument_values.duration("--until", chosen.until),
        speed_up=argument_values.number("--speed-up", chosen.speed_up, 0.01, 1000.0),
        longest_gap=inf
        if chosen.longest_gap is None
        else argument_values.duration("--longest-gap", chosen.longest_gap),
    )
    window = 0.0 if chosen.window is None else argument_values.duration("--window", chosen.window)
    return TraceFile(path=path, cut=cut, window_s=window, target=target).looked_through()


def _seconds(written: str | None) -> float:
    return 0.0 if written is None else argument_values.duration("--since", written)
