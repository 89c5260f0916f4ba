"""Helpers of the tests of losses: a settled deployment, labels that another client removes, a server's lists."""

from typing import Any

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, of_answer
from fairlead.cluster.api_server import ObjectList
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment


def settled(gpus: int = 2, **spec: Any) -> Pretend:  # noqa: ANN401  # fields of a spec
    """One settled deployment on full nodes."""
    world = Pretend(gpus=gpus)
    world.apply(deployment(**spec))
    world.settle()
    return world


def relabelled(world: Pretend, resource: kinds.Resource, live: Manifest, labels: dict[str, str]) -> None:
    """Change labels as `kubectl label` does."""
    world.objects.put(resource, live | {"metadata": live["metadata"] | {"labels": labels}})


class Lister:
    """The API server's lists."""

    def __init__(self, world: Pretend) -> None:
        self._objects = world.objects
        self.fails = False

    async def listing(self, resource: kinds.Resource, namespace: str | None = None, selector: str = "") -> ObjectList:
        """All objects that a selector matches."""
        if self.fails:
            raise of_answer(ApiRequest(verb="list", resource=resource, namespace=namespace), 503, b"")
        return ObjectList(self._objects.listed(resource.title, namespace, selector), "1")
