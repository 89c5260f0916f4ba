"""What a canary wants to know of an evaluation at one moment. Pure."""

from typing import Final

from fairlead.api import kinds as ours
from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations.quality_runs import QualityQuestion, RevisionSide
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.engines import catalogue as engines
from fairlead.evaluating.progress import Side
from fairlead.fleet.canaries import CanaryGate, CanaryPhase, CanaryState
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gate_verdicts import Verdict
from fairlead.objects import labels
from fairlead.planning import canary_moment
from fairlead.review.context import ObjectKey

FINAL: Final = (Verdict.PASSED, Verdict.FAILED)


def evaluation_of(observed: DeploymentSnapshot, state: CanaryState | None) -> ObjectKey | None:
    """The evaluation by which a canary is judged."""
    quality = state.plan.quality if state else None
    return ObjectKey(ours.EVALUATION.name, observed.owner.namespace, quality.evaluation) if quality else None


def is_evaluated(state: CanaryState | None) -> bool:
    """Whether its items are asked now: the step's replicas serve, and its gate has no verdict that stays."""
    if state is None or state.phase is not CanaryPhase.STEPPING or state.reached_at is None:
        return False
    gates = state.plan.steps[state.step].gates
    return CanaryGate.QUALITY in gates and canary_moment.verdict(state, CanaryGate.QUALITY) not in FINAL


def question(observed: DeploymentSnapshot, state: CanaryState) -> QualityQuestion | None:
    """Both revisions as they are now; None where one of them has no Deployment."""
    key, quality = evaluation_of(observed, state), state.plan.quality
    baseline, candidate = (_side(observed, one) for one in (state.stable, state.revision))
    if key is None or quality is None or baseline is None or candidate is None:
        return None
    return QualityQuestion(
        uid=observed.owner.uid,
        deployment=observed.owner.name,
        evaluation=key,
        margin=quality.margin,
        sides={Side.BASELINE: baseline, Side.CANDIDATE: candidate},
        trial=state.retried_at.isoformat() if state.retried_at else "",
    )


def _side(observed: DeploymentSnapshot, revision: str) -> RevisionSide | None:
    holder = observed.engine(revision)
    if holder is None:
        return None
    serving = [one for one in observed.pods.get(revision, ()) if pods.is_ready(one) and not _sleeps(one)]
    serving.sort(key=lambda one: str(one["metadata"]["name"]))
    return RevisionSide(revision=revision, holder=holder, pods=tuple(serving), kind=_kind(holder))


def _sleeps(pod: Manifest) -> bool:
    return labels.ASLEEP in (pod["metadata"].get("annotations") or {})


def _kind(holder: Manifest) -> EngineKind:
    """By the port it serves on: the old revision may be another kind of engine than the spec names now."""
    containers = holder["spec"]["template"]["spec"].get("containers") or ()
    ports = {port.get("containerPort") for one in containers for port in one.get("ports") or ()}
    return next((kind for kind, one in engines.ENGINES.items() if one.api.port in ports), engines.DEFAULT)
