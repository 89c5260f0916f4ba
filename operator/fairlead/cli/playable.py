"""Turns a user's deployment into a candidate that can be played, or into the reason why it cannot be."""

from dataclasses import replace

from fairlead.api import deployment_conversion, kinds, object_reader
from fairlead.backtest import candidate
from fairlead.backtest.candidate import Candidate, Unplayable
from fairlead.backtest.levers import Lever
from fairlead.cluster.documents import YamlDocument
from fairlead.emulator.packaged_data import PackagedData
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.review import admission
from fairlead.review.context import ObjectKey, ReviewContext


class InvalidDeployment(ValueError):
    """A document is none of an InferenceDeployment; the message names its field and the remedy."""


def read(one: YamlDocument, context: ReviewContext, packaged: PackagedData) -> Candidate | Unplayable:
    """Read a deployment; raises `InvalidDeployment` for any other document."""
    review = admission.review(one.content, context)
    found = object_reader.read_strict(one.content, kinds.DEPLOYMENT)
    if found.value is None:
        raise InvalidDeployment(f"{one.place}: {review.refusals[0].sentence}")
    desired = deployment_conversion.deployment(found.value, context.releases)
    policy = _policy(desired.replicas, found.value.namespace, context)
    return candidate.candidate(review, desired, policy, packaged)


def changed(one: YamlDocument, lever: Lever, context: ReviewContext, packaged: PackagedData) -> Candidate | Unplayable:
    """Read a deployment with one lever changed, reviewed as admission would."""
    assert isinstance(one.content, dict)
    place = f"{one.place}, {lever.words}"
    candidate = read(YamlDocument(place=place, content=lever.applied(one.content)), context, packaged)
    if isinstance(candidate, Unplayable):
        return replace(candidate, name=f"{candidate.name}, {lever.words}")
    return lever.candidate(candidate)


def _policy(bounds: int | ReplicaBounds, namespace: str, context: ReviewContext) -> ScalingPolicy | None:
    if not isinstance(bounds, ReplicaBounds) or bounds.policy is None:
        return None
    return context.policies.get(ObjectKey(kinds.POLICY.name, namespace, bounds.policy))
