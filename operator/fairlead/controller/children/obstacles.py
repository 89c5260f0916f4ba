"""What blocks requests that apply children: refusals, taken names, objects that are still being deleted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fairlead.cluster.api_errors import RequestRefused
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


@dataclass(slots=True)
class MetObstacle:
    """What blocked a block of requests; None if it completed."""

    obstacle: Obstacle | None = None


@contextmanager
def met(owner: Owner) -> Iterator[MetObstacle]:
    """Turn the errors that end a block of requests into an obstacle for people to read."""
    found = MetObstacle()
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
        words = f"Fairlead may not {what}: {problem.message}; run `helm upgrade`, which rewrites its roles"
        return Obstacle(reason=ConditionReason.NO_RIGHT, message=words)
    words = f"the API server refused to {what}: {problem.message}"
    return Obstacle(reason=ConditionReason.CLUSTER_REFUSES, message=words)
