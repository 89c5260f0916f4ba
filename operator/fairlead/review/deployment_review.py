"""The review of a stored InferenceDeployment: readable, allowed, complete in its references, and whether it fits. Pure.

The reconcile repeats all checks of admission, since the webhook may have been unavailable; a refusal here changes
nothing that already serves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fairlead.api import deployment_conversion, object_reader
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.kinds import DEPLOYMENT
from fairlead.fleet.conditions import ConditionReason, ConditionType, UntimedCondition
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecFinding
from fairlead.fleet.fit import Fit, FitCheck, FitVerdict, NoFit
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.review import admission, deprecated_fields, references, speculation_switch
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.references import Reference
from fairlead.review.result import AdmissionReason, Review

UNAWAITED_KINDS = frozenset({"AutoscalingPolicy", "InferenceGateway", "Evaluation"})
"""Engines start without these; the conditions ScalingActive and Routable, and gate Quality, report a missing one."""


@dataclass(frozen=True, kw_only=True)
class DeploymentReview:
    """The result of the review of a stored object."""

    accepted: UntimedCondition
    fits: UntimedCondition
    deployment: DesiredDeployment | None = None
    """None: it cannot be read, so nothing may be started or stopped for it."""
    spec: InferenceDeploymentSpec | None = None
    review: Review | None = None
    lost: tuple[Reference, ...] = ()
    """Policies, gateways and evaluations that do not exist."""

    @property
    def may_start(self) -> bool:
        """Whether the revision that this object describes may be rolled out."""
        return self.accepted.holds is True


def read(document: dict[str, Any], context: ReviewContext) -> DeploymentReview:
    """Review by the object alone and the catalogue, without references."""
    found = object_reader.read_stored(document, DEPLOYMENT)
    if found.value is None or found.problems:
        words = joined_findings(found.problems) + "; nothing is started or stopped until it is corrected"
        return DeploymentReview(
            accepted=_accepted(ConditionReason.UNREADABLE, words),
            fits=_fits(None, ConditionReason.FIT_UNKNOWN, "the object cannot be read"),
        )
    deployment = replace(
        deployment_conversion.deployment(found.value, context.releases), assigned_users=context.assigned_users
    )
    review = admission.stored(deployment, context)
    unfit = [one for one in review.refusals if one.reason is AdmissionReason.DOES_NOT_FIT]
    fits = _fitting(review, joined_findings(unfit))
    accepted = _accepted(ConditionReason.ACCEPTED, "every setting can work")
    if deployment.fit_check is FitCheck.WARN:
        words = "every setting can work; what does not fit only gives a warning, since spec.fitCheck is Warn"
        accepted = replace(accepted, message=f"{words}: see condition Fits")
    accepted = _with_old_names(accepted, found.value.spec)
    if review.refusals:
        reason = ConditionReason.DOES_NOT_FIT if len(unfit) == len(review.refusals) else ConditionReason.REFUSED
        accepted = _accepted(reason, joined_findings(review.refusals))
    return DeploymentReview(accepted=accepted, fits=fits, deployment=deployment, spec=found.value.spec, review=review)


def without_speculation(review: DeploymentReview, document: dict[str, Any], context: ReviewContext) -> DeploymentReview:
    """Remove speculation from the review; the spec as written must still be valid."""
    if not review.may_start or review.spec is None or review.spec.engine.speculation.method is SpeculationMethod.OFF:
        return review
    other = read(speculation_switch.without_speculation(document), context)
    words = (
        "every setting can work; spec.engine.speculation is switched off while it costs more than it "
        f"gains, as AutoscalingPolicy {speculation_switch.policy_of(document)} allows; it is switched on again when it "
        "pays off"
    )
    accepted = _with_old_names(_accepted(ConditionReason.SPECULATION_OFF, words), review.spec)
    return replace(other, accepted=accepted) if other.may_start else review


def with_references(review: DeploymentReview, present: Mapping[ObjectKey, frozenset[str]] | None) -> DeploymentReview:
    """Check the references; `present` holds the objects that exist, with their entries."""
    deployment = review.deployment
    if deployment is None or present is None:
        return review
    named = tuple(references.of_deployment(deployment))
    lost = tuple(one for one in named if one.key not in present)
    waited = [one for one in lost if one.key.kind not in UNAWAITED_KINDS]
    rest = tuple(one for one in lost if one.key.kind in UNAWAITED_KINDS)
    review = replace(review, lost=rest)
    if not review.may_start:
        return review
    if waited:
        words = joined_findings(references.absent(waited, present))
        return replace(review, accepted=_accepted(ConditionReason.NOT_FOUND, words))
    if incomplete := references.incomplete(references.entries(deployment), present):
        return replace(review, accepted=_accepted(ConditionReason.KEY_MISSING, joined_findings(incomplete)))
    return review


def joined_findings(remarks: Iterable[SpecFinding]) -> str:
    """Join all findings into one message; a condition's message may be long, and people can correct all at once."""
    return " | ".join(one.sentence for one in remarks)


def _with_old_names(accepted: UntimedCondition, spec: InferenceDeploymentSpec) -> UntimedCondition:
    """Add what the next release no longer reads: what is stored gets no warning from the webhook."""
    words = (accepted.message, *(one.sentence for one in deprecated_fields.warnings(spec)))
    return replace(accepted, message=" | ".join(words))


def _fitting(review: Review, unfit: str) -> UntimedCondition:
    overruled = [one for one in review.warnings if one.reason is AdmissionReason.DOES_NOT_FIT]
    match review.fit:
        case Fit(verdict=FitVerdict.TIGHT, because=because):
            return _fits(True, ConditionReason.TIGHT, f"not certain: {because}")
        case Fit(because=because):
            return _fits(True, ConditionReason.FITS, because)
        case NoFit(verdict=FitVerdict.NO) if overruled:
            return _fits(False, ConditionReason.FIT_OVERRULED, joined_findings(overruled))
        case NoFit(verdict=FitVerdict.NO, because=because):
            return _fits(False, ConditionReason.DOES_NOT_FIT, unfit or because)
        case NoFit(because=because):
            return _fits(None, ConditionReason.FIT_UNKNOWN, f"{because}; the engine reports it when it starts")
        case _:
            because = "this GPU is not in the catalogue; the engine reports it when it starts"
            return _fits(None, ConditionReason.FIT_UNKNOWN, because)


def _accepted(reason: ConditionReason, message: str) -> UntimedCondition:
    holds = reason in {ConditionReason.ACCEPTED, ConditionReason.SPECULATION_OFF}
    return UntimedCondition(type=ConditionType.ACCEPTED, holds=holds, reason=reason, message=message)


def _fits(holds: bool | None, reason: ConditionReason, message: str) -> UntimedCondition:
    return UntimedCondition(type=ConditionType.FITS, holds=holds, reason=reason, message=message)
