"""What a canary needs from an evaluation at one moment. Pure."""

from collections.abc import Mapping
from typing import Final

from fairlead.api import kinds as ours
from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations.quality_runs import QualityQuestion, RevisionSide
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.engines import catalogue as engines
from fairlead.evaluating.progress import Side
from fairlead.fleet.canaries import CanaryGate, CanaryState
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gate_verdicts import Verdict
from fairlead.objects import pod_engine
from fairlead.objects.owner import Owner
from fairlead.planning import canary_moment
from fairlead.review.context import ObjectKey

FINAL: Final = (Verdict.PASSED, Verdict.FAILED)


def evaluation_of(namespace: str, state: CanaryState | None) -> ObjectKey | None:
    """Return the evaluation that judges a canary."""
    quality = state.plan.quality if state else None
    return ObjectKey(ours.EVALUATION.name, namespace, quality.evaluation) if quality else None


def is_evaluated(state: CanaryState | None) -> bool:
    """Whether its items are sent now: the step's replicas serve, and its gate has no final verdict."""
    if state is None or CanaryGate.QUALITY not in state.due_gates:
        return False
    return canary_moment.verdict(state, CanaryGate.QUALITY) not in FINAL


def question(
    owner: Owner, state: CanaryState, sides: Mapping[Side, RevisionSide], serving: str = ""
) -> QualityQuestion | None:
    """Return the question to both sides; None if an evaluation or a side is missing.

    `serving` is the deployment of an adapter; empty for a deployment, which serves itself.
    """
    key, quality = evaluation_of(owner.namespace, state), state.plan.quality
    if key is None or quality is None or len(sides) < len(Side):
        return None
    return QualityQuestion(
        uid=owner.uid,
        deployment=owner.name,
        serving=serving or owner.name,
        evaluation=key,
        margin=quality.margin,
        sides=sides,
        trial=state.retried_at.isoformat() if state.retried_at else "",
    )


def revisions(observed: DeploymentSnapshot, state: CanaryState) -> Mapping[Side, RevisionSide]:
    """Return both current revisions, without one that has no Deployment."""
    named = {Side.BASELINE: state.stable, Side.CANDIDATE: state.revision}
    return {side: found for side, one in named.items() if (found := _side(observed, one)) is not None}


def _side(observed: DeploymentSnapshot, revision: str) -> RevisionSide | None:
    holder = observed.engine(revision)
    if holder is None:
        return None
    serving = [one for one in observed.pods.get(revision, ()) if pods.takes_requests(one)]
    serving.sort(key=lambda one: str(one["metadata"]["name"]))
    return RevisionSide(revision=revision, holder=holder, pods=tuple(serving), kind=_kind(holder))


def _kind(holder: Manifest) -> EngineKind:
    """Return the engine kind of a revision: the old one may be another kind than the spec names now."""
    return pod_engine.of(holder["spec"]["template"]).kind or engines.DEFAULT
