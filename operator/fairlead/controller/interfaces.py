"""The interfaces of the controller: stores that informers fill, the API server, running pods, and a service beside it.

Protocols only; the reconcile does not know whether a real cluster or a test's implements them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from aiohttp import web

from fairlead.cluster import interfaces
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.fencing import FencedApiServer
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.pod_http import PodReply
from fairlead.cluster.router_client import ReportedSamples, SamplesPage
from fairlead.controller.children.child_losses import ChildLosses
from fairlead.fleet.adapters import AdapterPlace
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import GatewayReport, RouterReport
from fairlead.fleet.engine_load import EngineLoad
from fairlead.fleet.router_keys import RouterKeys
from fairlead.review.context import ObjectKey
from fairlead.scaling.explain.decision_record import DecisionRecord


class ControllerClusterState(interfaces.ClusterState, Protocol):
    """The stores of all kinds, and the children that were lost."""

    @property
    def losses(self) -> ChildLosses:
        """Children that another client removed, relabelled or began to delete."""

    def availability(self, resource: Resource) -> KindAvailability:
        """Whether a kind that a cluster may lack can be used now."""

    def note(self, manifest: Manifest) -> None:
        """Store the answer to our own write, so that the next reconcile sees it."""

    def gone(self, manifest: Manifest) -> None:
        """Drop an object that we removed."""


class ControllerApiClient(interfaces.ApiClient, Protocol):
    """As much of the API server as a reconcile uses."""

    async def remove(self, manifest: Manifest, *, uid: str, resource_version: str | None = None) -> bool:
        """Delete the object with this UID."""


class PodAccess(Protocol):
    """HTTP requests to running pods, and to a judge: reports, scrapes, answers, sleep and wake."""

    async def endpoints(self, router: Manifest, target: str = "") -> RouterReport | None:
        """What a router reports, of one target where it is a gateway's; None when it does not answer."""

    async def gateway_report(self, router: Manifest) -> GatewayReport | None:
        """What a gateway's router reports of all targets and tenants; None when it does not answer."""

    async def samples(self, router: Manifest, page: SamplesPage) -> ReportedSamples | None:
        """The requests that a router compares two sides by; None when it does not answer."""

    async def load(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """The load that an engine reports; None when it does not answer or the scrape cannot be used."""

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """The same, scraped now, as often as it is asked for."""

    async def models(self, pod: Manifest, kind: EngineKind) -> str | None:
        """The page on which an engine names its models; None when it does not answer."""

    async def adapters(self, pod: Manifest) -> Sequence[AdapterPlace] | None:
        """Where the loader beside an engine says that each adapter stands; None when it does not answer."""

    async def complete(
        self, pod: Manifest, kind: EngineKind, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> PodReply | None:
        """An engine's reply to one request of ours; a time-out is one of 408, and None that nobody answers at all."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> PodReply | None:
        """The reply of an endpoint that an evaluation names as its judge; a time-out is one of 408."""

    async def sleep(self, pod: Manifest, kind: EngineKind) -> bool:
        """Put an engine to sleep; returns whether it sleeps now."""

    async def wake(self, pod: Manifest, kind: EngineKind) -> bool:
        """Wake an engine; returns whether it is awake now."""


class ReferenceLookup(Protocol):
    """Reads objects that specs name and no informer watches."""

    async def present(
        self, named: Sequence[ObjectKey], needed: Mapping[ObjectKey, frozenset[str]] = ...
    ) -> Mapping[ObjectKey, frozenset[str]]:
        """The objects that exist, with the names of their entries; one that lacks a `needed` entry was read lately."""


class EventSink(Protocol):
    """Records what happened, as Events."""

    def transition(self, about: Manifest, condition: Manifest, at: datetime) -> None:
        """A condition changed its status or its reason."""

    def meddled(self, about: Manifest, resource: Resource, note: str, at: datetime) -> None:
        """Another client changed a child, and it was put back."""

    def deleted(self, about: Manifest, note: str, at: datetime) -> None:
        """Another client deleted a pod."""

    def step(self, about: Manifest, reason: str, note: str, at: datetime) -> None:
        """A replica count changed, or a revision was created, given up or removed."""


class EmbeddedService(Protocol):
    """The interface of such a service."""

    def routes(self) -> Sequence[web.RouteDef]:
        """Its HTTP routes on the metrics port, leading or not."""

    def page(self) -> bytes:
        """Its metrics, in Prometheus' text format."""

    def records(self) -> Iterable[DecisionRecord]:
        """Its last decisions; none while it does not run."""

    async def run(self, world: ControllerClusterState, server: FencedApiServer, router_keys: RouterKeys) -> None:
        """Work until cancelled; with the keys it can read routers' metrics ports."""
