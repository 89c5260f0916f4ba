"""The explanation of one deployment: its object, its last decision, and what would change that."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import fairlead
from fairlead.api.kinds import DEPLOYMENT
from fairlead.cli import file_errors, replay_records
from fairlead.cli.cluster_client import ClusterClient, ClusterUnavailable, NoDecision
from fairlead.cluster import status_freshness
from fairlead.fleet import plurals
from fairlead.scaling.explain import record_codec, what_if
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.what_if import TurningPoint


class TargetNameError(Exception):
    """The arguments do not name a deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that an explanation needs."""

    namespace: str
    name: str
    seen_at: float
    """Time of the request; for a file, time of the decision."""
    status: Mapping[str, Any]
    """The object's status; empty if only a file was read."""
    record: DecisionRecord | NoDecision
    turns: tuple[TurningPoint, ...] = ()
    notes: tuple[str, ...] = ()
    """Caveats, for instance an old status or a decision of another version."""

    @property
    def scaling(self) -> Mapping[str, Any]:
        """The scaling status that the autoscaler wrote on the object."""
        scaling: Mapping[str, Any] = self.status.get("scaling") or {}
        return scaling

    @property
    def decided(self) -> tuple[object, ...]:
        """The values that identify a decision: if one differs, it is another decision."""
        scaling = self.scaling
        return tuple(
            scaling.get(key) for key in ("recommended", "advised", "asleep", "speculation", "reason", "message")
        )


def target_name(target: str | None) -> str:
    """Parse the name in `infd/chat` or `chat`."""
    if not target:
        raise TargetNameError(
            "name a deployment, for instance `fairlead explain infd/chat`; `kubectl get infd` lists them"
        )
    kind, slash, name = target.rpartition("/")
    if slash and not DEPLOYMENT.is_called(kind):
        raise TargetNameError(f"{target}: only InferenceDeployments are scaled: write infd/{name}")
    if not name:
        raise TargetNameError(f"{target}: the name is missing: write infd/NAME")
    return name


def _of_canary(name: str, status: Mapping[str, Any]) -> Iterator[str]:
    """What a canary waits for, or why it was rejected: until it is promoted, replicas of two revisions may serve."""
    for one in status.get("conditions") or ():
        if one.get("type") == "Progressing" and str(one.get("reason", "")).startswith("Canary"):
            yield f"Its canary: {one.get('message')}; `fairlead rollout status infd/{name}` shows its gates."


def _of_images(status: Mapping[str, Any]) -> Iterator[str]:
    """On how many nodes a new replica waits for no image, since each pull lengthens the cold start."""
    found = status.get("prePull") or {}
    if "nodes" in found:
        nodes = plurals.part(found.get("holding", 0), found["nodes"], "node", "holds")
        yield f"Images pulled in advance: {nodes} {found.get('image')}."
    if message := found.get("message"):
        yield f"Images pulled in advance: {message}."


async def of_cluster(client: ClusterClient, namespace: str, name: str, now: float) -> Explanation:
    """Explain the current state; raises `ClusterUnavailable` if no process decides about the deployment."""
    try:
        found = await client.deployment(namespace, name)
    except ValueError as problem:
        raise TargetNameError(str(problem)) from problem
    status = found.get("status") or {}
    spec = found.get("spec") or {}
    if not spec.get("scaling"):
        raise ClusterUnavailable(
            f"infd/{name} in {namespace} is not scaled: spec.scaling is not set, so spec.replicas "
            f"({spec.get('replicas', 1)}) decides; set spec.scaling with minReplicas and maxReplicas. "
            f"{await client.currency(found, now)}"
        )
    record = await client.record(namespace, name)
    decided = None if isinstance(record, NoDecision) else record.now
    current = (
        "" if decided is not None and status_freshness.is_fresh(decided, now) else await client.currency(found, now)
    )
    if isinstance(record, NoDecision) and not status.get("scaling"):
        raise ClusterUnavailable(f"{_undecided(name, namespace, status, record)}. {current}")
    notes = (*current.splitlines(), *_of_canary(name, status), *_of_images(status))
    explanation = Explanation(namespace=namespace, name=name, seen_at=now, status=status, record=record, notes=notes)
    return _explained(record, explanation)


def of_file(file: str, target: str | None, namespace: str | None) -> Explanation:
    """Explain the last decision in a file, or the last one about the given deployment."""
    name = target_name(target) if target else None
    try:
        record = _last(replay_records.read([file]), name, namespace)
    except OSError as problem:
        words = file_errors.sentence(problem)
        raise TargetNameError(words if problem.filename else f"{file}: {words}") from problem
    if record is None:
        which = f" about infd/{name}" if name else ""
        which += f" in namespace {namespace}" if namespace else ""
        raise ClusterUnavailable(
            f"{file}: there is no decision{which} in it; `fairlead replay {file}` says what its lines are"
        )
    bare = Explanation(namespace=record.namespace, name=record.name, seen_at=record.now, status={}, record=record)
    return _explained(record, bare)


def _last(lines: Iterable[replay_records.RecordLine], name: str | None, namespace: str | None) -> DecisionRecord | None:
    last: DecisionRecord | None = None
    for line in lines:
        record = record_codec.decode(line.text)
        if isinstance(record, DecisionRecord) and name in (None, record.name) and namespace in (None, record.namespace):
            last = record
    return last


def _explained(record: DecisionRecord | NoDecision, bare: Explanation) -> Explanation:
    """Add what would change the decision, if its whole record is available."""
    if isinstance(record, NoDecision):
        note = f"The arithmetic cannot be shown: {record.because}"
        return _with(bare, (), (*bare.notes, note))
    notes = bare.notes
    if record.version != fairlead.__version__:
        notes = (
            *notes,
            f"Decided by version {record.version}; what would change it is answered by {fairlead.__version__}.",
        )
    return _with(bare, what_if.turning_points(record), notes)


def _with(bare: Explanation, turns: tuple[TurningPoint, ...], notes: tuple[str, ...]) -> Explanation:
    return replace(bare, turns=turns, notes=notes)


def _undecided(name: str, namespace: str, status: Mapping[str, Any], why: NoDecision) -> str:
    """The message for a missing recommendation, with the conditions that may explain it."""
    conditions = [
        f"{one.get('type')}={one.get('status')}: {one.get('reason')}: {one.get('message')}"
        for one in status.get("conditions") or ()
        if one.get("type") in ("Accepted", "ScalingActive") and one.get("status") != "True"
    ]
    words = "; ".join([f"infd/{name} in {namespace} has no recommendation yet", *conditions, why.because])
    return f"{words}; is an autoscaler running? `kubectl get pods -A -l app.kubernetes.io/name=fairlead`"
