"""Everything that the autoscaler writes to the API server: recommendations, Events, effects, estimates.

Writes run beside the loop, one at a time per deployment; after a failure each retry waits longer.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Final

from fairlead.autoscaler import demand_history, memory_store, scaling_events, scaling_status
from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.loop_state import DeploymentLoopState
from fairlead.autoscaler.policy_effects import EffectWriter
from fairlead.autoscaler.samples.prometheus_queries import PodName
from fairlead.autoscaler.samples.source_registry import SourceRegistry
from fairlead.autoscaler.scaling_status import ScalingFields
from fairlead.cluster import store
from fairlead.cluster.api_errors import ApiError, Conflict, NotFound, RequestRefused
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.interfaces import ClusterState, CreatingApiClient
from fairlead.cluster.kinds import Manifest
from fairlead.objects import names
from fairlead.process.event_publisher import EventPublisher
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics

END_S: Final = 5.0
"""Seconds for the last writes, since a process that is being stopped has little time."""

log = logging.getLogger("fairlead.autoscaler")


class AutoscalerWriter:
    """The writes of one process."""

    def __init__(
        self, client: CreatingApiClient, cluster: ClusterState, instance: str, metrics: AutoscalerMetrics
    ) -> None:
        self._client = client
        self._events = EventPublisher(client, instance)
        self._effects = EffectWriter(client, cluster)
        self._metrics = metrics

    def publish(
        self, case: ScalingCase, recommendation: Recommendation, state: DeploymentLoopState, now: float
    ) -> None:
        """Write the recommendation if it differs from status."""
        before = state.before(case.document)
        found = scaling_status.scaling(case, recommendation, before, now)
        if state.is_writing or now < state.not_before or not scaling_status.differs(found, before, now):
            return
        contested = state.written is not None and scaling_status.count(before) != scaling_status.count(state.written)
        self._begin(state, self._publish(case, found, before, (state, now, contested)), now)

    def withdraw(self, document: Manifest, state: DeploymentLoopState, now: float) -> None:
        """Remove our recommendation from a deployment without spec.scaling."""
        if not state.before(document) or state.is_writing or now < state.not_before:
            return
        self._begin(state, self._withdraw(document, state, now), now)

    def restore(self, case: ScalingCase, state: DeploymentLoopState, sources: SourceRegistry, now: float) -> None:
        """Read earlier estimates from the ConfigMap or from a Prometheus; decisions wait for them."""
        if not state.is_writing and now >= state.not_before:
            self._begin(state, self._restore(case, state, sources, now), now)

    def keep_learnt(self, document: Manifest, state: DeploymentLoopState, now: float) -> None:
        """Save the estimates every ten minutes."""
        if state.is_writing or now - max(state.kept_at, state.since) < memory_store.EVERY_S:
            return
        state.kept_at = now
        if state.learnt_more:
            self._begin(state, self._keep(document, state), now)

    async def end(self, ours: Sequence[tuple[Manifest, DeploymentLoopState]]) -> None:
        """Wait for writes in flight, and save what was learnt since the last save."""
        tasks = [one.task for _, one in ours if one.task is not None]
        try:
            async with asyncio.timeout(END_S):
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.gather(*(self._keep(document, one) for document, one in ours if one.learnt_more))
        except TimeoutError:
            log.warning("what was learnt since the last write was not saved for every deployment within %g s", END_S)

    def _begin(self, state: DeploymentLoopState, work: Coroutine[None, None, None], now: float) -> None:
        state.task = asyncio.create_task(self._to_its_end(work, state, now), name=f"scaling {state.uid}")

    async def _to_its_end(self, work: Coroutine[None, None, None], state: DeploymentLoopState, now: float) -> None:
        """A bug in a write would otherwise end its task unseen, and the next round would repeat it at once."""
        try:
            await work
        except Exception:
            state.failed(now)
            self._metrics.failed()
            log.exception("internal error in a write of the autoscaler; please report it", extra={"uid": state.uid})

    async def _publish(
        self,
        case: ScalingCase,
        found: ScalingFields,
        before: ScalingFields,
        by: tuple[DeploymentLoopState, float, bool],
    ) -> None:
        state, now, contested = by
        version = await self._apply(scaling_status.of_deployment(case.document, found), state, now)
        if version is None:
            return
        state.wrote(found, version)
        self._metrics.wrote("contested" if contested else "done")
        news = [scaling_events.contested(case.document)] if contested else []
        if (change := scaling_events.news_of(case, found, before)) is not None:
            news.append(change)
        for one in news:
            await self._events.publish(one, datetime.fromtimestamp(now, UTC))
        if found.get("decisions") != before.get("decisions"):
            await self._effects.record(case, found)

    async def _withdraw(self, document: Manifest, state: DeploymentLoopState, now: float) -> None:
        version = await self._apply(scaling_status.of_deployment(document, {}), state, now)
        if version is not None:
            state.wrote({}, version)
            self._metrics.wrote("done")

    async def _apply(self, manifest: Manifest, state: DeploymentLoopState, now: float) -> int | None:
        """Return the object's version after the write; None if it failed."""
        try:
            written = await self._client.apply(manifest, manager=scaling_status.MANAGER, subresource="status")
        except (NotFound, NotLeading):
            return None
        except Conflict:  # the object was replaced by another of the same name, which the watch will deliver
            state.failed(now)
        except ApiError as problem:
            state.failed(now)
            self._metrics.wrote("failed")
            log.warning("a recommendation cannot be written: %s", problem)
        else:
            return store.version_of(written)
        return None

    async def _restore(
        self, case: ScalingCase, state: DeploymentLoopState, sources: SourceRegistry, now: float
    ) -> None:
        try:
            memory = await memory_store.restore(self._client, case.document)
            state.kept, state.failures = memory_store.lasting(memory), 0
        except RequestRefused as problem:
            memory = ScalingState()
            log.warning(
                "reading the learnt speeds and demand is forbidden, so learning starts from scratch and "
                "is not saved: %s",
                problem,
                extra=memory_store.about(case.document),
            )
        except ApiError as problem:
            state.failed(now)
            log.warning(
                "the learnt speeds and demand cannot be read, so decisions wait for them: %s",
                problem,
                extra=memory_store.about(case.document),
            )
            return
        shown = state.before(case.document)
        if "speculation" in shown:
            memory = memory_store.following(memory, off=scaling_status.is_switched_off(shown), now=now)
        routers = PodName(case.namespace, names.router(case.name))
        state.memory = await demand_history.seeded(memory, await sources.ready(case), routers, now)

    async def _keep(self, document: Manifest, state: DeploymentLoopState) -> None:
        assert state.memory is not None
        memory = state.memory
        if await memory_store.keep(self._client, document, memory):
            state.kept = memory_store.lasting(memory)
        else:
            state.kept_at -= memory_store.EVERY_S - memory_store.RETRY_S
