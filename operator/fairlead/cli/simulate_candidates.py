"""The deployments that a command plays, from files or from a cluster, with the context for them."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from fairlead.api import kinds
from fairlead.backtest import levers
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.cli import given_files, offline_data, playable
from fairlead.cli.argument_values import ArgumentValueError
from fairlead.cli.recorded_service import ServiceRecording
from fairlead.cli.recorded_starts import RecordedStarts
from fairlead.cluster.documents import YamlDocument
from fairlead.emulator import packaged_data
from fairlead.emulator.packaged_data import PackagedData
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.review.context import ObjectKey, ReviewContext

AS_IT_RUNS: Final = "as it runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDeployments:
    """Deployments with the context to play them."""

    deployments: tuple[YamlDocument, ...]
    context: ReviewContext
    packaged: PackagedData
    suffix: str = ""
    """Appended to their names."""
    repeated: frozenset[str] = frozenset()
    """Names that others have too, to which the place is appended."""
    in_force: bool = False
    """Whether they are running; those from files may replace them."""
    starts: RecordedStarts | None = None
    """Of the running deployment, if one was given and starts were measured."""

    def played(self, what_ifs: Sequence[levers.Lever]) -> Iterator[Candidate | Unplayable]:
        """Yield each as written, then with each lever changed."""
        for one in self.deployments:
            place = f", {one.place}" if given_files.name_of(one) in self.repeated else ""
            yield self._named(playable.read(one, self.context, self.packaged), place)
            for lever in what_ifs:
                yield self._named(playable.changed(one, lever, self.context, self.packaged), place)

    def _named(self, candidate: Candidate | Unplayable, place: str) -> Candidate | Unplayable:
        named = replace(self.measured(candidate), name=f"{candidate.name}{place}{self.suffix}")
        return named if isinstance(named, Unplayable) else replace(named, in_force=self.in_force)

    def measured(self, candidate: Candidate | Unplayable) -> Candidate | Unplayable:
        """Apply the measured starts, if any."""
        if self.starts is None or isinstance(candidate, Unplayable):
            return candidate
        return candidate.starting(self.starts.distribution, self.starts.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SinglePlayable:
    """The deployment of a command that accepts only one."""

    document: YamlDocument
    candidate: Candidate
    read: ReadDeployments

    @property
    def content(self) -> dict[str, Any]:
        """The object as written."""
        assert isinstance(self.document.content, dict)
        return self.document.content

    def check_objective(self, given: LatencyObjectives) -> None:
        """Raise `ArgumentValueError` if it has no objective of its own and none was given."""
        own = self.candidate.policy.objectives
        if (given.ttft_p95_s, given.tpot_p95_s, own.ttft_p95_seconds, own.tpot_p95_seconds) == (None,) * 4:
            raise ArgumentValueError(
                f"{self.candidate.name}: it has no objective to keep; give --ttft-p95 2s, --tpot-p95 100ms or a "
                "policy's"
            )


def candidates(chosen: argparse.Namespace, recording: ServiceRecording | None) -> Iterator[Candidate | Unplayable]:
    """Yield the running deployment first; files without a deployment are tried on it."""
    what_ifs = [levers.read(written) for written in chosen.what_if]
    for read in _of_files(chosen) if recording is None else _beside(chosen, recording):
        yield from read.played(what_ifs)


def single(chosen: argparse.Namespace, recording: ServiceRecording | None) -> SinglePlayable:
    """Read the one deployment; a running one uses a policy from the files rather than its own."""
    reads = _of_files(chosen) if recording is None else [_of_service(chosen, recording, _given(chosen, recording))]
    (document, read), *more = ((one, read) for read in reads for one in read.deployments)
    if more:
        raise ArgumentValueError(f"{more[0][0].place}: a second InferenceDeployment; give one at a time")
    candidate = read.measured(playable.read(document, read.context, read.packaged))
    if isinstance(candidate, Unplayable):
        raise ArgumentValueError(f"{candidate.name or document.place}: {candidate.reason}: {candidate.because}")
    return SinglePlayable(document=document, candidate=candidate, read=read)


def _of_files(chosen: argparse.Namespace) -> list[ReadDeployments]:
    """Read the files, with at least one deployment."""
    found = _apart(chosen, given_files.read(chosen.files), ())
    if not any(one.deployments for one in found):
        raise ValueError(f"{', '.join(chosen.files)}: no InferenceDeployment in it; give the file of one")
    return found


def _beside(chosen: argparse.Namespace, recording: ServiceRecording) -> Iterator[ReadDeployments]:
    given = _given(chosen, recording)
    yield replace(_of_service(chosen, recording, []), suffix=f", {AS_IT_RUNS}", in_force=bool(given))
    if not given:
        return
    of_files = _apart(chosen, given, recording.documents[1:])
    if any(one.deployments for one in of_files):
        yield from (replace(one, starts=_starts(chosen, recording)) for one in of_files)
    else:
        names = ", ".join(Path(one).name for one in chosen.files)
        yield replace(_of_service(chosen, recording, given), suffix=f", {names}")


def _apart(
    chosen: argparse.Namespace, given: Sequence[given_files.Part], recorded: Sequence[YamlDocument]
) -> list[ReadDeployments]:
    """The deployments of each argument, with its own policies."""
    whole = _read(chosen, recorded, given)
    repeated = given_files.repeated_names(given)
    return [
        replace(
            whole,
            deployments=tuple(one for one in part if given_files.is_deployment(one)),
            context=given_files.own_context(part, given, whole.context),
            repeated=repeated,
        )
        for part in given
    ]


def _of_service(
    chosen: argparse.Namespace, recording: ServiceRecording, given: Sequence[given_files.Part]
) -> ReadDeployments:
    read = _read(chosen, recording.documents, given)
    _check_policy(chosen, recording, given)
    return replace(read, starts=_starts(chosen, recording))


def _given(chosen: argparse.Namespace, recording: ServiceRecording) -> list[given_files.Part]:
    """Read the files; objects without a namespace are of the recorded one."""
    return given_files.placed(given_files.read(chosen.files), recording.namespace)


def _check_policy(chosen: argparse.Namespace, recording: ServiceRecording, given: Sequence[given_files.Part]) -> None:
    """Raise `ArgumentValueError` if files without a deployment lack the policy that the running one names."""
    if not given or any(given_files.is_deployment(one) for part in given for one in part):
        return
    keys = given_files.policies_of(given)
    if recording.policy is None or ObjectKey(kinds.POLICY.name, recording.namespace, recording.policy) not in keys:
        names = ", ".join(f"{one.namespace}/{one.name}" for one in keys) or "none"
        named = "none" if recording.policy is None else f"{recording.namespace}/{recording.policy}"
        raise ArgumentValueError(
            f"{', '.join(chosen.files)}: its AutoscalingPolicy is {names}, and that of {recording.target} is {named}: "
            "correct metadata.name and namespace, or give an InferenceDeployment that names it too"
        )


def _starts(chosen: argparse.Namespace, recording: ServiceRecording) -> RecordedStarts | None:
    return recording.starts if chosen.cold_start is None else None


def _read(
    chosen: argparse.Namespace, recorded: Sequence[YamlDocument], given: Sequence[given_files.Part]
) -> ReadDeployments:
    """Read all; what is given comes after what was recorded, and takes precedence."""
    found = [*recorded, *(one for part in given for one in part)]
    context = offline_data.offline_knowledge(chosen.config_json, chosen.products, found)
    given_files.check(given, context)
    packaged = packaged_data.load(Path(chosen.step_times) if chosen.step_times else None)
    return ReadDeployments(
        deployments=tuple(one for one in found if given_files.is_deployment(one)),
        context=context,
        packaged=replace(packaged, catalogue=context.catalogue),
    )
