"""The controller's interfaces: informer stores, the API server, running pods, and an embedded service.

Protocols only; the reconcile does not know whether a real cluster or a test implements them.
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
from fairlead.fleet.hung_replicas import HungReplicaReason
from fairlead.fleet.router_keys import RouterKeys
from fairlead.review.context import ObjectKey
from fairlead.scaling.explain.decision_record import DecisionRecord


class ControllerClusterState(interfaces.ClusterState, Protocol):
    """The stores of all kinds, and the children that were lost."""

    @property
    def losses(self) -> ChildLosses:
        """Children that another client deleted, relabelled or began to delete."""

    def availability(self, resource: Resource) -> KindAvailability:
        """Whether a kind that a cluster may lack can be used now."""

    def is_left_out(self, namespace: str) -> bool:
        """Whether objects of a namespace are missing in the stores, since they may not be listed."""

    def note(self, manifest: Manifest) -> None:
        """Store the answer to our own write, so that the next reconcile sees it."""

    def gone(self, manifest: Manifest) -> None:
        """Drop an object that we deleted."""


class ControllerApiClient(interfaces.ApiClient, Protocol):
    """The API server operations that a reconcile uses."""

    async def remove(
        self, manifest: Manifest, *, uid: str, resource_version: str | None = None, grace_seconds: int | None = None
    ) -> bool:
        """Delete the object with this UID."""


class PodAccess(Protocol):
    """HTTP requests to running pods and to a judge."""

    async def endpoints(self, router: Manifest, target: str = "") -> RouterReport | None:
        """Return what a router reports, for one target if it is a gateway's; None without an answer."""

    async def gateway_report(self, router: Manifest) -> GatewayReport | None:
        """Return what a gateway's router reports for all targets and tenants; None without an answer."""

    async def samples(self, router: Manifest, page: SamplesPage) -> ReportedSamples | None:
        """Return the requests by which a router compares two sides; None without an answer."""

    async def load(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """Return the load that an engine reports; None without an answer or the scrape cannot be used."""

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """Like `load`, but scraped anew on every call."""

    async def models(self, pod: Manifest, kind: EngineKind) -> str | None:
        """Return the page on which an engine names its models; None without an answer."""

    async def adapters(self, pod: Manifest) -> Sequence[AdapterPlace] | None:
        """Return the adapters' states from the loader beside an engine; None without an answer."""

    async def complete(
        self, pod: Manifest, kind: EngineKind, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> PodReply | None:
        """Send one request to an engine; return its reply, 408 on a time-out, or None when nothing answers."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> PodReply | None:
        """Send a request to an evaluation's judge; return its reply, or 408 on a time-out."""

    async def sleep(self, pod: Manifest, kind: EngineKind) -> bool:
        """Put an engine to sleep; return whether it is asleep now."""

    async def wake(self, pod: Manifest, kind: EngineKind) -> bool:
        """Wake an engine; return whether it is awake now."""


class ReferenceLookup(Protocol):
    """Reads objects that specs name and no informer watches."""

    async def present(
        self, named: Sequence[ObjectKey], needed: Mapping[ObjectKey, frozenset[str]] = ...
    ) -> Mapping[ObjectKey, frozenset[str]]:
        """Return the objects that exist, with their entries' names; one without a `needed` entry was read recently."""


class EventSink(Protocol):
    """Records what happened, as Events."""

    def transition(self, about: Manifest, condition: Manifest, at: datetime) -> None:
        """Record a condition's new status or reason."""

    def foreign_change(self, about: Manifest, resource: Resource, note: str, at: datetime) -> None:
        """Record that another client's change of a child was put back."""

    def set_at_admission(self, about: Manifest, note: str, at: datetime) -> None:
        """Record that admission sets fields of a child whenever it is written."""

    def deleted(self, about: Manifest, note: str, at: datetime) -> None:
        """Record another client's deletion of a pod."""

    def hung(self, about: Manifest, reason: HungReplicaReason, note: str, at: datetime) -> None:
        """Record that a replica that hung was replaced, or why it was not."""

    def step(self, about: Manifest, reason: str, note: str, at: datetime) -> None:
        """Record a new replica count, or a revision's creation, abandonment or removal."""


class EmbeddedService(Protocol):
    """A service that runs inside the leader."""

    def routes(self) -> Sequence[web.RouteDef]:
        """Return its HTTP routes on the metrics port, served by every replica."""

    def page(self) -> bytes:
        """Return its metrics in Prometheus' text format."""

    def records(self) -> Iterable[DecisionRecord]:
        """Return its last decisions; none while it does not run."""

    async def run(self, cluster: ControllerClusterState, server: FencedApiServer, router_keys: RouterKeys) -> None:
        """Run until cancelled; the keys let it read routers' metrics ports."""
