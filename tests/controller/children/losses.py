"""What the stories of losses share: a deployment at rest, labels that somebody takes away, a server's lists."""

from typing import Any

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, of_answer
from fairlead.cluster.api_server import ObjectList
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment


def settled(gpus: int = 2, **spec: Any) -> Pretend:  # noqa: ANN401  # fields of a spec
    """One deployment at rest on nodes that are full."""
    world = Pretend(gpus=gpus)
    world.apply(deployment(**spec))
    world.settle()
    return world


def relabelled(world: Pretend, resource: kinds.Resource, live: Manifest, labels: dict[str, str]) -> None:
    """As `kubectl label` does it."""
    world.objects.put(resource, live | {"metadata": live["metadata"] | {"labels": labels}})


class Lister:
    """The API server's lists."""

    def __init__(self, world: Pretend) -> None:
        self._objects = world.objects
        self.fails = False

    async def listing(self, resource: kinds.Resource, namespace: str | None = None, selector: str = "") -> ObjectList:
        """All that a selector takes."""
        if self.fails:
            raise of_answer(ApiRequest(verb="list", resource=resource, namespace=namespace), 503, b"")
        return ObjectList(self._objects.listed(resource.title, namespace, selector), "1")
