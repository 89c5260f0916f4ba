"""The pod template of a revision: as it was first applied, so that another release restarts no engine. Pure.

Two exceptions cost no reply, both of revisions that never served: one of which a start was ended before it was ready
gets a template with a longer start budget once the spec's progress deadline allows it; one without any pod, since the
cluster refuses them, gets what this release builds, as another user or none may be what it lacks.
"""

from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.pods import start_failures, target_start
from fairlead.controller.pods.target_start import DecisionInputs
from fairlead.objects import engine_deployment, engine_pods
from fairlead.objects.engine_deployment import RevisionFacts


def of(inputs: DecisionInputs, recorded: RevisionFacts, live: Manifest | None) -> Manifest:
    """Return the template to apply.

    Without a stored one it is built from the spec if that describes this revision; otherwise the live template is the
    only source left.
    """
    described = target_start.is_described(inputs.review, recorded.revision)
    stored = engine_deployment.stored_template(live) if live is not None else None
    if live is None or (stored is None and described):
        return _built(inputs, recorded.revision)
    if stored is None:
        found: Manifest = live["spec"]["template"]
        return found
    if not described or recorded.served or (recorded.failure is not None and recorded.failure.rejected):
        return stored
    if _has_none(inputs, recorded, live):
        return _built(inputs, recorded.revision)
    if not _never_starts(inputs, recorded, live):
        return stored
    return max((stored, _built(inputs, recorded.revision)), key=engine_deployment.start_budget_seconds)


def _has_none(inputs: DecisionInputs, recorded: RevisionFacts, live: Manifest) -> bool:
    """Whether the cluster refuses its pods, and not even one that terminates is left."""
    return not inputs.observed.pods.get(recorded.revision) and snapshot.pods_refused((live,)) is not None


def _never_starts(inputs: DecisionInputs, recorded: RevisionFacts, live: Manifest) -> bool:
    """Whether a start of it was ended, and none that a new template would interrupt is in flight.

    A canary serves users before it counts as one that served, so the pods of one on trial are never interrupted.
    """
    some = [
        one for one in inputs.observed.pods.get(recorded.revision, ()) if "deletionTimestamp" not in one["metadata"]
    ]
    if not some:
        return snapshot.requested_replicas(live) == 0
    if recorded.on_trial or any(start_failures.is_in_flight(one) for one in some):
        return False
    return any(start_failures.has_ended(one) for one in some)


def _built(inputs: DecisionInputs, revision: str) -> Manifest:
    assert inputs.review.deployment is not None
    return engine_pods.template(
        inputs.observed.owner, inputs.review.deployment, target_start.launch(inputs.review), revision
    )
