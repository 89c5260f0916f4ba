"""A deployment and its pods as the autoscaler observes them, an API server that stores writes, samples on demand."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from fairlead.autoscaler.ledger import Ledger
from fairlead.autoscaler.loop import LoopEnvironment, ScalingLoop
from fairlead.autoscaler.samples.prometheus_api import PrometheusServer
from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.autoscaler.samples.sample_source import SampleSource, SourceCounters
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.autoscaler.samples.source_registry import SourceFactories, SourceRegistry
from fairlead.autoscaler.scaling_spec import ScalingSpec
from fairlead.autoscaler.settings import LoopSettings
from fairlead.autoscaler.writer import AutoscalerWriter
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import ObjectStore
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad
from fairlead.fleet.policies import ReplicaBounds
from fairlead.scaling.facts import RouterFigures
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics

START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()
_VERSIONS = count(1)


def written_at(seconds: float) -> str:
    """A moment in the format of Kubernetes objects."""
    return datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class PretendWorld:
    """All objects that watches delivered."""

    stores: dict[Resource, ObjectStore] = field(default_factory=dict)
    blind: bool = False

    def of(self, resource: Resource) -> ObjectStore:
        return self.stores.setdefault(resource, ObjectStore())

    def has_listed(self, resource: Resource) -> bool:
        return not (self.blind and resource is kinds.NODE)

    def receive(self, manifest: Manifest) -> Manifest:
        version = str(next(_VERSIONS))
        document = manifest | {"metadata": manifest["metadata"] | {"resourceVersion": version}}
        self.of(kinds.of(manifest)).put(document)
        return document


@dataclass
class PretendServer:
    """Accepts writes, delivers them to the world, and may refuse."""

    world: PretendWorld
    applied: list[Manifest] = field(default_factory=list)
    events: list[Manifest] = field(default_factory=list)
    held: dict[str, Manifest] = field(default_factory=dict)
    refusal: Exception | None = None
    """Of writes."""
    unread: ApiError | None = None
    """Of reads."""
    lags: bool = False
    """The watch delivers writes only by `catch_up`."""
    undelivered: list[Manifest] = field(default_factory=list)

    async def read(self, _: Resource, __: str | None, name: str) -> Manifest | None:
        if self.unread is not None:
            raise self.unread
        return self.held.get(name)

    async def apply(
        self, manifest: Manifest, *, manager: str = "", force: bool = True, subresource: str | None = None
    ) -> Manifest:
        assert manager == "fairlead-autoscaler"
        assert force
        if self.refusal is not None:
            raise self.refusal
        self.applied.append(manifest)
        if subresource is None:
            self.held[manifest["metadata"]["name"]] = manifest
            return manifest
        metadata = manifest["metadata"]
        stored = self.world.of(kinds.of(manifest)).find(metadata["namespace"], metadata["name"])
        assert stored is not None
        ours = {"scaling", "effects"}
        rest = {name: one for name, one in (stored.get("status") or {}).items() if name not in ours}
        document = stored | {"status": rest | manifest["status"]}
        if not self.lags:
            return self.world.receive(document)
        self.undelivered.append(PretendWorld().receive(document))
        return self.undelivered[-1]

    def catch_up(self) -> None:
        """Deliver what the watch has not delivered yet."""
        self.lags = False
        for one in self.undelivered:
            self.world.of(kinds.of(one)).put(one)

    async def create(self, manifest: Manifest) -> Manifest:
        self.events.append(manifest)
        return manifest

    def scalings(self) -> list[dict[str, Any]]:
        """What was written to deployments, in order."""
        written = [one["status"] for one in self.applied if one["kind"] == "InferenceDeployment"]
        return [one.get("scaling", {}) for one in written]


@dataclass
class PretendSource:
    """Returns the samples that a test sets."""

    clock: "Clock"
    waiting: float = 0.0
    silent: bool = False
    targets: tuple[ScrapeTarget, ...] = ()
    tallies: SourceCounters = field(default_factory=SourceCounters)
    real: SampleSource | None = None
    """The source to use instead, in tests with real pages."""

    def start(self) -> None:
        """Do nothing."""

    def follow(self, targets: Iterable[ScrapeTarget]) -> None:
        self.targets = tuple(targets)

    def engine(self, uid: str) -> PodSample[EngineLoad]:
        if self.real is not None:
            return self.real.engine(uid)
        if self.silent or uid not in {one.uid for one in self.targets}:
            return PodSample()
        load = EngineLoad(engines=1, running=0.0, waiting=0.0, kv_usage=0.1, finished=10.0)
        return PodSample(figures=load, at=self.clock(), problem=None, because="")

    def router(self, uid: str) -> PodSample[RouterView]:
        if self.real is not None:
            return self.real.router(uid)
        if self.silent or uid not in {one.uid for one in self.targets}:
            return PodSample()
        figures = RouterFigures(at=self.clock(), arrivals=10.0, prompt_tokens=1000.0, waiting=self.waiting)
        return PodSample(figures=RouterView(figures=figures, endpoints={}), at=self.clock(), problem=None, because="")

    async def close(self) -> None:
        """Do nothing."""


@dataclass
class Clock:
    """Seconds since the epoch, advanced by the test."""

    now: float = START

    def __call__(self) -> float:
        return self.now


SUBJECT: Final = ScalingSpec(
    bounds=ReplicaBounds(least=1, most=6, policy="queue"), kind=EngineKind.SIMULATED, revision="00000001"
)


@dataclass
class Fleet:
    """One loop, its world, and time that passes in rounds. Create it within a running loop."""

    world: PretendWorld = field(default_factory=PretendWorld)
    clock: Clock = field(default_factory=Clock)
    subjects: dict[str, ScalingSpec | None] = field(default_factory=dict)
    metrics: AutoscalerMetrics = field(default_factory=AutoscalerMetrics)
    unreadable: set[str] = field(default_factory=set)
    """Deployments whose spec raises when it is read."""
    prometheus: Callable[[PrometheusServer], SampleSource] | None = None
    """Without one, the fake source stands in for Prometheus too."""
    sample_source: Callable[[Clock], PretendSource] = PretendSource
    """Creates the source of the pods' samples."""

    def __post_init__(self) -> None:
        self.server = PretendServer(self.world)
        self.source = self.sample_source(self.clock)
        self.sources = SourceRegistry(
            SourceFactories(direct=lambda: self.source, prometheus=self.prometheus or (lambda _: self.source)),
            self.server,
        )
        self.ledger = Ledger(None)
        self.loop = ScalingLoop(
            LoopEnvironment(
                cluster=self.world,
                sources=self.sources,
                understanding=self.understand,
                writer=AutoscalerWriter(self.server, self.world, "tests", self.metrics),
                ledger=self.ledger,
                metrics=self.metrics,
                clock=self.clock,
                time_zones=frozenset({"UTC", "Europe/Berlin"}),
            ),
            LoopSettings(version="tests"),
        )

    def reads(self, real: SampleSource) -> None:
        """Take samples from a real scraper; the fake source still receives the scrape targets."""
        self.source.real = real

    def understand(self, document: Manifest) -> ScalingSpec | None:
        """Parse as the controller would."""
        if "scaling" not in document["spec"]:
            return None
        if document["metadata"]["name"] in self.unreadable:
            raise KeyError("intermediate")
        return self.subjects.get(document["metadata"]["name"], SUBJECT)

    def deploy(self, name: str = "chat", *, policy: str | None = "queue") -> None:
        """Add a deployment with a ready engine and a ready router."""
        self.subjects[name] = replace(SUBJECT, bounds=ReplicaBounds(least=1, most=6, policy=policy))
        self.world.receive(deployment(name))
        self.world.receive(pod(name, "engine", 0))
        self.world.receive(pod(name, "router", 0))

    async def rounds(self, number: int) -> None:
        """Run this many rounds, one second each."""
        for _ in range(number):
            self.clock.now += 1.0
            await self.loop.round()
            for state in self.loop.states.values():
                if state.task is not None:
                    await state.task

    def scaling(self, name: str = "chat") -> dict[str, Any]:
        """The scaling part of the status."""
        found = self.world.of(kinds.INFERENCE_DEPLOYMENT).find("team", name)
        assert found is not None
        return dict((found.get("status") or {}).get("scaling") or {})


def deployment(name: str, **changed: Any) -> Manifest:  # noqa: ANN401 - any field
    """A deployment as a user would write it."""
    metadata = {"name": name, "namespace": "team", "uid": f"uid-{name}", "generation": 1}
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceDeployment",
        "metadata": metadata | {"creationTimestamp": written_at(0)},
        "spec": {"scaling": {}},
        "status": {"desiredReplicas": 1},
        **changed,
    }


def policy(name: str = "queue", **spec: Any) -> Manifest:  # noqa: ANN401 - any field
    """A policy that scales on queue depth."""
    written = {"signals": {"queueDepth": {"targetPerReplica": 2}}, "coldStart": {"assume": "3s"}} | spec
    metadata = {"name": name, "namespace": "team", "uid": f"uid-policy-{name}", "generation": 1}
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "AutoscalingPolicy",
        "metadata": metadata,
        "spec": written,
    }


def pod(name: str, role: str, number: int, **changed: Any) -> Manifest:  # noqa: ANN401 - any field
    """A pod that has long been ready."""
    labels = {
        "fairlead.dev/deployment": name,
        "fairlead.dev/role": role,
        "fairlead.dev/revision": "00000001",
        "app.kubernetes.io/managed-by": "fairlead",
    }
    since = {"creationTimestamp": written_at(0), "uid": f"uid-{name}-{role}-{number}"}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": written_at(0)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-{role}-{number}", "namespace": "team", "labels": labels, **since},
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running", "podIP": f"10.0.0.{number + 1}", "conditions": [ready]},
        **changed,
    }


def run_story(story: Callable[[Fleet], Awaitable[None]]) -> None:
    """Play a story with a fleet of one deployment and its policy."""

    async def report() -> None:
        fleet = Fleet()
        fleet.world.receive(policy())
        fleet.deploy()
        await story(fleet)
        await fleet.sources.close()

    asyncio.run(report())
