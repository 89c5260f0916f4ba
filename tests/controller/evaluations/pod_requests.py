"""An API server that pauses at a request about an evaluation's pod, or refuses all about one of them."""

import asyncio

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, of_answer
from fairlead.cluster.kinds import Manifest, Resource
from tests.controller.evaluations.test_runners import Programs
from tests.controller.server import PretendServer


class PodRequests(PretendServer):
    """It pauses at `verb`, once, until it may go on."""

    verb = ""
    """`get` or `patch`; empty: it never pauses."""

    def __init__(self, world: Programs) -> None:
        super().__init__(world.objects)
        self.printed = world.kube.printed
        self.arrived, self.go_on = asyncio.Event(), asyncio.Event()
        self.refused: set[str] = set()
        """Names of pods that may not be read, and so not be deleted."""
        world.server = self
        world.restart()

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """Read one object."""
        await self._pause("get", resource)
        if resource is kinds.POD and name in self.refused:
            raise of_answer(ApiRequest(verb="get", resource=resource, namespace=namespace, name=name), 403, b"{}")
        return await super().read(resource, namespace, name)

    async def apply(
        self,
        manifest: Manifest,
        *,
        manager: str = "fairlead-controller",
        force: bool = True,
        subresource: str | None = None,
    ) -> Manifest:
        """Server-side apply."""
        await self._pause("patch", kinds.of(manifest))
        return await super().apply(manifest, manager=manager, force=force, subresource=subresource)

    async def _pause(self, verb: str, resource: Resource) -> None:
        if resource is kinds.POD and verb == self.verb:
            self.verb = ""
            self.arrived.set()
            await self.go_on.wait()
