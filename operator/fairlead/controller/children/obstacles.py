"""What blocks requests that apply children: refusals, taken names, objects that are still being deleted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import ConditionReason
from fairlead.objects.owner import Owner


class ApplyBlocked(Exception):
    """A child could not be created or changed as decided; holds the reason."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.message)
        self.obstacle = obstacle


class StillTerminating(Exception):
    """An object with a child's name, or the namespace, is being deleted, or a watch lags: try again soon."""


class ChildTerminating(StillTerminating):
    """A child is being deleted, which may last: until a finalizer is done, or until its pods have drained."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.message)
        self.obstacle = obstacle


@dataclass(slots=True)
class RequestObstacle:
    """What blocked a block of requests; None if it completed."""

    obstacle: Obstacle | None = None


@contextmanager
def caught(owner: Owner) -> Iterator[RequestObstacle]:
    """Turn the errors that end a block of requests into an obstacle for people to read."""
    found = RequestObstacle()
    try:
        yield found
    except ApplyBlocked as problem:
        found.obstacle = problem.obstacle
    except RequestRefused as problem:
        if problem.namespace_ends:
            raise StillTerminating(f"namespace {owner.namespace} is being removed") from problem
        found.obstacle = obstacle_of(problem)


def obstacle_of(problem: RequestRefused) -> Obstacle:
    """Return the obstacle for a refused request, with what a person can do about it."""
    what = f"{problem.verb} {problem.resource.title} {problem.name or ''}".strip()
    if problem.lacks_right:
        words = f"Fairlead is not permitted to {what}: {problem.message}; run `helm upgrade`, which rewrites its roles"
        return Obstacle(reason=ConditionReason.NO_RIGHT, message=words)
    words = f"the API server refused to {what}: {problem.message}"
    return Obstacle(reason=ConditionReason.CLUSTER_REFUSES, message=words)


def must_be_ours(live: Manifest, owner: Owner) -> None:
    """Raise `ChildTerminating` if it is being deleted, `ApplyBlocked` if its owner was, or if it is not ours."""
    if "deletionTimestamp" in live["metadata"]:
        raise ChildTerminating(_going(live))
    taken = not_ours(live, owner) or garbage(live, owner)
    if taken is not None:
        raise ApplyBlocked(taken)


def not_ours(live: Manifest, owner: Owner) -> Obstacle | None:
    """Return that its name is taken; None if this object controls it, or it is ours, orphaned on purpose."""
    whose = foreign_owner(live, owner)
    if whose is None:
        return None
    return Obstacle(
        reason=ConditionReason.NAME_TAKEN,
        message=f"metadata.name: {owner.name}: {live['kind']} {live['metadata']['name']} exists already and {whose}; "
        "it is left alone, and nothing is started or stopped while it has this name: delete it, or give this object "
        "another name",
    )


def garbage(live: Manifest, owner: Owner) -> Obstacle | None:
    """Return that it belongs to the deleted object whose name this one has: nothing is shared, so all waits.

    None if it is being deleted already: it is garbage that is collected, and waits for a finalizer, maybe for hours.
    """
    if not _is_a_namesakes(live, owner) or "deletionTimestamp" in live["metadata"]:
        return None
    return Obstacle(
        reason=ConditionReason.CHILD_TERMINATING,
        message=f"{live['kind']} {live['metadata']['name']} belongs to a deleted {owner.kind} {owner.name}; nothing is "
        "started before Kubernetes has removed it; if it stays, see whether kube-controller-manager collects garbage",
    )


def garbage_beside(live: Manifest, owner: Owner) -> Obstacle | None:
    """Likewise of a child for which nothing else waits."""
    if garbage(live, owner) is None:
        return None
    return Obstacle(
        reason=ConditionReason.CHILD_TERMINATING,
        message=f"{live['kind']} {live['metadata']['name']} belongs to a deleted {owner.kind} {owner.name}; all else "
        "goes on, and it is created again once it is gone; if it stays, see whether kube-controller-manager collects "
        "garbage",
    )


def foreign_owner(live: Manifest, owner: Owner) -> str | None:
    """Return who owns an object with a child's name; None if this object created it, or it is about to be deleted."""
    controller, metadata = snapshot.controller_of(live), live["metadata"]
    if controller.get("uid") == owner.uid or "deletionTimestamp" in metadata or _is_a_namesakes(live, owner):
        return None
    if not controller and (metadata.get("labels") or {}).get(owner.label) == owner.name:
        return None
    return f"belongs to {controller.get('kind')} {controller.get('name')}" if controller else "is not Fairlead's"


def _going(live: Manifest) -> Obstacle:
    return Obstacle(
        reason=ConditionReason.CHILD_TERMINATING,
        message=f"{live['kind']} {live['metadata']['name']} is being removed and is created again once it is gone; if "
        "it stays, see its metadata.finalizers",
    )


def _is_a_namesakes(live: Manifest, owner: Owner) -> bool:
    controller = snapshot.controller_of(live)
    named = (controller.get("kind"), controller.get("name")) == (owner.kind, owner.name)
    return named and controller.get("uid") != owner.uid
