"""Fakes of what a reconcile reads and reports through: the change feed, pods, references, Events.

The feed may be late, stop, lose, duplicate and reorder changes; a list always shows the true state.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from fairlead.cluster import kinds, pods
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.pod_http import PodReply
from fairlead.cluster.router_client import ReportedSamples, SamplesPage
from fairlead.cluster.store import ObjectStore, StoreChange
from fairlead.controller.children.child_losses import ChildLosses
from fairlead.controller.informers import GATEWAY_API
from fairlead.controller.informers import WATCHED as FOLLOWED
from fairlead.fleet.adapters import SEPARATOR, AdapterPlace
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import EndpointState, GatewayReport, HourSpend, RouterEndpoint, RouterReport, TenantUse
from fairlead.fleet.engine_load import EngineLoad
from fairlead.fleet.request_samples import RequestSample
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.objects import labels
from tests.cluster.fake_objects import Happened, Objects, matches
from tests.controller.pretended_gateways import RoutersOfGateways
from tests.controller.pretended_hangs import HangingEngines
from tests.controller.pretended_judge import JudgeAccess, Killed

Feed = Callable[[Sequence[Happened]], Sequence[Happened]]

WATCHED: Final = tuple(
    one for one in kinds.REGISTERED if one not in {kinds.SECRET, kinds.EVENT, kinds.LEASE, kinds.VALIDATING_WEBHOOK}
)


class PretendWorld:
    """What the operator last received; the test decides when it receives."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._stores: dict[Resource, ObjectStore] = {}
        self.blind: frozenset[Resource] = frozenset()
        self.gateway_api = KindAvailability.SERVED
        """Availability of the kind HTTPRoute."""
        self.left_out: frozenset[str] = frozenset()
        self.receives = True
        self.feed: Feed | None = None
        """Which changes arrive, and in which order; None: a list each time, which is always true."""
        self._followed = objects.version
        self._listed = -1
        self.losses = ChildLosses()

    def of(self, resource: Resource) -> ObjectStore:
        """Objects of one kind."""
        return self._stores.setdefault(resource, ObjectStore())

    def has_listed(self, resource: Resource) -> bool:
        """Whether that kind has been listed."""
        return resource not in self.blind

    def availability(self, resource: Resource) -> KindAvailability:
        """Only the Gateway API may be missing."""
        assert resource is kinds.HTTP_ROUTE
        return self.gateway_api

    def is_left_out(self, namespace: str) -> bool:
        """Whether the operator may list nothing there."""
        return namespace in self.left_out

    def note(self, manifest: Manifest) -> None:
        """Store the answer to our own write."""
        self.of(kinds.of(manifest)).put(manifest)

    def gone(self, manifest: Manifest) -> None:
        """Store the answer to our own delete."""
        self.of(kinds.of(manifest)).drop(manifest)

    def forget(self) -> None:
        """Start over with nothing received."""
        self._stores.clear()
        self._listed = -1

    def receive(self) -> None:
        """Receive the current state as a list would show it, or what the feed delivers."""
        if not self.receives or self._listed == self._objects.version:
            return
        if self.feed is not None:
            self._follow(self.feed)
            return
        self._followed = self._listed = self._objects.version
        for resource in WATCHED:
            seen = self._objects.listed(resource.title, None, _selector(resource))
            held = [one for one in seen if one["metadata"].get("namespace") not in self.left_out]
            self._received(resource, self.of(resource).relist(held, str(self._objects.version)))

    def receive_past(self, version: int) -> None:
        """Receive an earlier state, as from an API server that lags behind."""
        past = {one.where: one.new for one in self._objects.past if one.version <= version}
        for resource in WATCHED:
            held = [one for where, one in sorted(past.items()) if where[0] == resource.title and one is not None]
            tuple(self.of(resource).relist(held, str(version)))

    def _follow(self, feed: "Feed") -> None:
        news = [one for one in self._objects.past if one.version > self._followed]
        self._followed = self._objects.version
        for one in feed(news):
            resource = next((kind for kind in WATCHED if kind.title == one.where[0]), None)
            if resource is None:
                continue
            if one.new is not None and matches(one.new, _selector(resource)):
                self._received(resource, self.of(resource).put(one.new))
            elif one.old is not None:
                gone = one.old | {"metadata": one.old["metadata"] | {"resourceVersion": str(one.version)}}
                self._received(resource, self.of(resource).drop(gone))

    def _received(self, resource: Resource, changes: Iterable[StoreChange]) -> None:
        for old, new in changes:
            self.losses.observe(resource, old, new, self._beside)

    def _beside(self, child: Manifest) -> Sequence[Manifest]:
        metadata = child["metadata"]
        return self.of(kinds.POD).of_deployment(metadata["namespace"], metadata["labels"].get(labels.DEPLOYMENT, ""))


def _selector(resource: Resource) -> str:
    """The selector of the operator's informers."""
    return labels.MANAGED_BY if resource in (*FOLLOWED.children, *FOLLOWED.optional, *GATEWAY_API) else ""


class PretendPodClient(RoutersOfGateways, JudgeAccess, HangingEngines):
    """Routers see every ready engine and use those that answer."""

    def __init__(self, objects: Objects) -> None:
        super().__init__()
        self._objects = objects
        self.mute: set[str] = set()
        """Revisions whose engines answer every request without a token."""
        self.answers: dict[str, Callable[[str], str]] = {}
        """A revision's answer to a question; by default the question itself."""
        self.sent: Counter[tuple[str, str]] = Counter()
        """How often, by revision and question."""
        self.served_in_all = 0
        self.dies_at: int | None = None
        """The operator is killed while this request is in flight."""
        self.gone_revisions, self.busy_revisions = set[str](), set[str]()
        """At the pods of these nothing listens, and of those all items are refused for now."""
        self.users_waiting: dict[str, int] = {}
        """Requests of users that wait at each pod of a revision."""
        self.status = 200
        """The status of every reply to a question."""
        self.silent = False
        self.busy: dict[str, int] = {}
        """Requests in flight, by pod."""
        self.asleep: set[str] = set()
        """Pods that were put to sleep."""
        self.sampled: list[SamplesPage] = []
        """The pages of samples that routers were asked for."""
        self.samples_of: list[RequestSample] = []
        """The samples of both revisions that routers report."""
        self.adapter_places: dict[str, tuple[AdapterPlace, ...]] = {}
        """What the loader of each pod reports, by the pod's name."""
        self.lagging = False
        """Routers have not read their file yet."""
        self.stubborn = False
        """Engines refuse to sleep and to wake."""
        self.own_mute = False
        """Deployments' own routers do not answer."""
        self.hour: HourSpend | None = None
        """Each router's spend of the last full hour."""
        self.tenants: dict[str, TenantUse] = {}
        """What each router serves, by tenant."""

    async def endpoints(self, router: Manifest, target: str = "") -> RouterReport | None:
        """A router's view; a gateway's router knows the targets in its configuration."""
        if self.silent or (self.own_mute and not target):
            return None
        if target:
            report = await self.gateway_report(router)
            seen = None if report is None else report.targets.get(target)
            if seen is None:
                return None
            share = self._share_of(router, target)
            return RouterReport(endpoints=seen, hour=self.hour, share=share, waiting=self.queued)
        name = router["metadata"]["labels"]["fairlead.dev/deployment"]
        seen, share = self._engines(None, name), self.share(name)
        return RouterReport(endpoints=seen, hour=self.hour, share=share, tenants=self.tenants)

    async def gateway_report(self, router: Manifest) -> GatewayReport | None:
        """The view of a gateway's router of the targets in its ConfigMap."""
        gateway = router["metadata"]["labels"]["fairlead.dev/gateway"]
        where = ("configmaps", router["metadata"]["namespace"], f"{gateway}-gateway")
        if self.silent or self.gateways_silent or where not in self._objects.held:
            return None
        written = self.kept_files.get(gateway) or json.loads(self._objects.held[where]["data"]["router.json"])
        targets = {one["target"]: self._engines(*one["target"].split("/")) for one in written["targets"]}
        return GatewayReport(targets=targets, tenants=self.tenants, retiring=self.retiring - targets.keys())

    def _share_of(self, router: Manifest, target: str) -> TrafficShare | None:
        """The share that a gateway's router gives to a new revision of a target."""
        name = f"{router['metadata']['labels']['fairlead.dev/gateway']}-gateway"
        written = json.loads(
            self._objects.held["configmaps", router["metadata"]["namespace"], name]["data"]["router.json"]
        )
        share = next((one.get("share") for one in written["targets"] if one["target"] == target), None)
        return TrafficShare(**share) if share and not self.lagging else None

    def _engines(self, namespace: str | None, name: str) -> tuple[RouterEndpoint, ...]:
        selector = f"fairlead.dev/deployment={name},fairlead.dev/role=engine"
        return tuple(self._seen(pod) for pod in self._objects.listed("pods", namespace, selector) if pods.is_ready(pod))

    def _seen(self, pod: Manifest) -> RouterEndpoint:
        mute = pod["metadata"]["labels"]["fairlead.dev/revision"] in self.mute
        state, reason = (EndpointState.PROBING, "no token in 5 s") if mute else (EndpointState.ROUTABLE, "")
        if labels.ASLEEP in (pod["metadata"].get("annotations") or {}):
            state, reason = EndpointState.NOT_READY, "asleep"
        name = pod["metadata"]["name"]
        address, inflight = "198.18.0.9:8000", self.busy.get(name, 0)
        found = RouterEndpoint(pod=name, address=address, state=state, inflight=inflight, reason=reason)
        return self.as_reported(found)

    async def samples(self, router: Manifest, page: SamplesPage) -> ReportedSamples | None:
        """Requests that ended at both revisions, or at both versions of an adapter."""
        name = router["metadata"]["labels"].get("fairlead.dev/deployment") or page.target.rpartition("/")[2]
        share = self._share_of(router, page.target) if page.target else self.share(name)
        share = self.version_share(name, page.adapter) if page.adapter else share
        self.sampled.append(page)
        if self.silent or self.own_mute:
            return None
        return ReportedSamples(share=share, rows=tuple(self.samples_of[page.after :]), count=len(self.samples_of))

    def version_share(self, name: str, adapter: str) -> TrafficShare | None:
        """The share of an adapter's version on trial, from the routers' file."""
        found = self._objects.held.get(("configmaps", "default", f"{name}-router"))
        named = json.loads(found["data"]["router.json"]).get("adapterVersions", []) if found else []
        versions = [one for one in named if one["name"] == adapter and one["trial"]]
        shares = {one["name"]: one["percent"] for each in versions for one in each["versions"]}
        return TrafficShare(revision=versions[0]["trial"], percent=shares[versions[0]["trial"]]) if versions else None

    def share(self, name: str) -> TrafficShare | None:
        """The share in the routers' file."""
        found = self._objects.held.get(("configmaps", "default", f"{name}-router"))
        share = json.loads(found["data"]["router.json"]).get("share") if found else None
        return TrafficShare(**share) if share and not self.lagging else None

    async def models(self, pod: Manifest, kind: EngineKind) -> str | None:  # noqa: ARG002
        """One model, unless the pod is gone."""
        return None if self.away(pod) else '{"data": [{"id": "chat"}]}'

    async def adapters(self, pod: Manifest) -> Sequence[AdapterPlace] | None:
        """What its loader was set to report; None while the pod is gone."""
        return None if self.away(pod) else self.adapter_places.get(pod["metadata"]["name"], ())

    async def complete(
        self,
        pod: Manifest,
        kind: EngineKind,  # noqa: ARG002
        body: bytes,
        headers: Mapping[str, str],  # noqa: ARG002
        seconds: float,  # noqa: ARG002
    ) -> PodReply | None:
        """Answer as the revision, or the version of an adapter, does; counted by that and the question."""
        if self.away(pod):
            return None
        request = json.loads(body)
        revision = request["model"] if SEPARATOR in request["model"] else pod["metadata"]["labels"][labels.REVISION]
        question = str(request["messages"][-1]["content"])
        self.sent[revision, question] += 1
        self.served_in_all += 1
        if self.dies_at == self.served_in_all:
            raise Killed
        choice = {"message": {"content": self.answers.get(revision, str)(question)}, "finish_reason": "stop"}
        reply = {"choices": [choice], "usage": {"completion_tokens": 4}}
        return PodReply(503 if revision in self.busy_revisions else self.status, json.dumps(reply).encode())

    def away(self, pod: Manifest) -> bool:
        """Whether nothing listens there."""
        return pod["metadata"]["labels"]["fairlead.dev/revision"] in self.gone_revisions

    async def load(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:  # noqa: ARG002
        """The figures that an engine measured."""
        return EngineLoad(engines=1, capacity_tokens=50_000)

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:  # noqa: ARG002
        """The load of users' requests now."""
        users = self.users_waiting.get(pod["metadata"]["labels"]["fairlead.dev/revision"], 0)
        return None if self.away(pod) else EngineLoad(engines=1, running=float(users), waiting=float(users))

    async def sleep(self, pod: Manifest, kind: EngineKind) -> bool:  # noqa: ARG002
        """Put it to sleep, unless it refuses."""
        self.asleep |= set() if self.stubborn else {pod["metadata"]["name"]}
        return not self.stubborn

    async def wake(self, pod: Manifest, kind: EngineKind) -> bool:  # noqa: ARG002
        """Wake it, unless it refuses."""
        self.asleep -= set() if self.stubborn else {pod["metadata"]["name"]}
        return not self.stubborn
