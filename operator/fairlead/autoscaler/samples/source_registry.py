"""Which source a deployment's samples come from: the pods directly, or the Prometheus that its policy names.

Creates each source once, gives it the pods to follow, and closes it when no policy names it any more. A Prometheus's
tokens and authorities come from Secrets, which are read again every few minutes.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.samples.prometheus_api import PrometheusServer
from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.autoscaler.samples.sample_source import SampleSource, SourceCounters
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError, RequestRefused
from fairlead.cluster.interfaces import ApiClient
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.engine_load import EngineLoad
from fairlead.fleet.policies import PrometheusAccess
from fairlead.review import gateway_membership

SECRETS_LIVE_S: Final = 300.0

log = logging.getLogger("fairlead.autoscaler")


class PrometheusReference(NamedTuple):
    """A Prometheus; its Secrets are in the policy's namespace."""

    namespace: str
    access: PrometheusAccess


@dataclass(frozen=True, kw_only=True)
class SourceFactories:
    """Create sources, within the running event loop."""

    direct: Callable[[], SampleSource]
    prometheus: Callable[[PrometheusServer], SampleSource]


class UnavailableSource:
    """Replaces a source that cannot be used: every sample is unknown, with the reason."""

    def __init__(self, because: str) -> None:
        self.tallies = SourceCounters()
        self._because = because

    def start(self) -> None:
        """Do nothing."""

    def follow(self, targets: Iterable[ScrapeTarget]) -> None:
        """Follow nothing."""

    def engine(self, uid: str) -> PodSample[EngineLoad]:  # noqa: ARG002 - same for all
        """Return an unknown sample."""
        return PodSample(because=self._because)

    def router(self, uid: str) -> PodSample[RouterView]:  # noqa: ARG002 - same for all
        """Return an unknown sample."""
        return PodSample(because=self._because)

    async def close(self) -> None:
        """Do nothing."""


class SplitSource:
    """A Prometheus for a deployment's pods, and direct scrapes for a gateway's routers, since their metrics cover all
    its deployments together."""

    def __init__(self, pods: SampleSource, gateways: SampleSource) -> None:
        self.tallies = pods.tallies
        self._pods = pods
        self._gateways = gateways

    def start(self) -> None:
        """Do nothing: both run already."""

    def follow(self, targets: Iterable[ScrapeTarget]) -> None:
        """Do nothing: the registry passes both their pods."""

    def engine(self, uid: str) -> PodSample[EngineLoad]:
        """Return the sample of one engine."""
        return self._pods.engine(uid)

    def router(self, uid: str) -> PodSample[RouterView]:
        """Return the sample of one router, by the form of its uid."""
        return self._gateways.router(uid) if "/" in uid else self._pods.router(uid)

    async def close(self) -> None:
        """Do nothing: the registry closes both."""


@dataclass(slots=True)
class _RegisteredSource:
    source: SampleSource
    server: PrometheusServer | None = None
    read_at: float = float("-inf")
    task: asyncio.Task[None] | None = field(default=None)


class SourceRegistry:
    """All sources of one process."""

    def __init__(self, factories: SourceFactories, client: ApiClient) -> None:
        self._factories = factories
        self._client = client
        self._direct = factories.direct()
        self._direct.start()
        self._made: dict[PrometheusReference, _RegisteredSource] = {}
        self._past = SourceCounters()
        """Counts of sources that were closed: a total that went down would read as a restart."""

    def of(self, case: ScalingCase) -> SampleSource:
        """Return the source for this deployment's policy."""
        access = case.policy.prometheus
        if access is None:
            return self._direct
        source = self._made[PrometheusReference(case.namespace, access)].source
        return SplitSource(source, self._direct) if gateway_membership.named(case.document) else source

    async def ready(self, case: ScalingCase) -> SampleSource:
        """Return the same once its Secrets are read; direct scrapes if the policy has named another Prometheus
        meanwhile."""
        access = case.policy.prometheus
        source = None if access is None else self._made.get(PrometheusReference(case.namespace, access))
        if source is None:
            return self._direct
        if source.task is not None:
            await asyncio.wait({source.task})
        return source.source

    def follow(self, cases: Iterable[tuple[ScalingCase, Iterator[ScrapeTarget]]]) -> None:
        """Pass every source its pods of this round, and close sources that no policy names."""
        direct: list[ScrapeTarget] = []
        others: dict[PrometheusReference, list[ScrapeTarget]] = {}
        for case, targets in cases:
            access = case.policy.prometheus
            chosen = direct if access is None else others.setdefault(PrometheusReference(case.namespace, access), [])
            for one in targets:
                (direct if one.deployment else chosen).append(one)
        self._direct.follow(direct)
        for reference, some in others.items():
            self._serve(reference).source.follow(some)
        for reference in self._made.keys() - others.keys():
            self._end(self._made.pop(reference))

    def tallies(self) -> Iterator[SourceCounters]:
        """Yield the counters of each source, and those of all closed ones together."""
        yield self._past
        yield self._direct.tallies
        yield from (one.source.tallies for one in self._made.values())

    async def close(self) -> None:
        """Close all sources."""
        for source in self._made.values():
            self._end(source)
        await self._direct.close()

    def _serve(self, reference: PrometheusReference) -> _RegisteredSource:
        source = self._made.setdefault(
            reference, _RegisteredSource(source=UnavailableSource("its Secrets have not been read yet"))
        )
        now = asyncio.get_running_loop().time()
        if now - source.read_at >= SECRETS_LIVE_S and (source.task is None or source.task.done()):
            source.read_at = now
            source.task = asyncio.create_task(
                self._refresh(reference, source), name=f"prometheus {reference.access.url}"
            )
        return source

    async def _refresh(self, reference: PrometheusReference, source: _RegisteredSource) -> None:
        """Make a new source when credentials have changed; keep the old one while they cannot be read."""
        try:
            server = await self._read_server(reference)
        except (ApiError, LookupError) as problem:
            log.warning("Prometheus %s: %s", reference.access.url, problem)
            if source.server is None:
                source.source = UnavailableSource(str(problem))
            source.read_at = asyncio.get_running_loop().time() - SECRETS_LIVE_S * 0.9
            return
        if server == source.server:
            return
        old, source.server = source.source, server
        self._past.add(old.tallies)
        source.source = self._factories.prometheus(server)
        source.source.start()
        await old.close()

    async def _read_server(self, reference: PrometheusReference) -> PrometheusServer:
        token = await self._text(reference, reference.access.token)
        authority = await self._text(reference, reference.access.ca)
        return PrometheusServer(
            url=reference.access.url,
            token=token.strip() if token else None,
            authority=authority,
            namespace=reference.namespace,
        )

    async def _text(self, reference: PrometheusReference, key: SecretKey | None) -> str | None:
        if key is None:
            return None
        try:
            secret = await self._client.read(kinds.SECRET, reference.namespace, key.name)
        except RequestRefused:
            raise LookupError(
                f"the operator is not permitted to read Secret {reference.namespace}/{key.name} of the "
                "policy's Prometheus; install it with rbac.secrets=true, or name a Prometheus that needs none"
            ) from None
        data: Mapping[str, str] = (secret or {}).get("data") or {}
        if key.key not in data:
            raise LookupError(f"Secret {reference.namespace}/{key.name} has no key {key.key}; create it")
        try:
            return base64.b64decode(data[key.key], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as problem:
            raise LookupError(f"Secret {reference.namespace}/{key.name}, key {key.key}: it is not text") from problem

    def _end(self, source: _RegisteredSource) -> None:
        self._past.add(source.source.tallies)
        if source.task is not None:
            source.task.cancel()
        closing = asyncio.ensure_future(source.source.close())
        closing.add_done_callback(lambda _: None)
