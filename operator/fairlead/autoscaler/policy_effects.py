"""Writes a policy's last effects to its status: one list for all its deployments, each of which adds to it.

The list is replaced as a whole, so writes of one policy go one after the other, and each begins with what the last one
wrote, which the watch may not have brought yet. Nothing depends on them.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from fairlead.autoscaler import scaling_status
from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.scaling_status import ScalingFields
from fairlead.cluster import kinds, store
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.interfaces import ApiClient, ClusterState
from fairlead.cluster.kinds import Manifest

log = logging.getLogger("fairlead.autoscaler")


@dataclass(slots=True)
class _PolicyWrites:
    waiting: list[Manifest] = field(default_factory=list)
    """Effects to write, newest first."""
    written: Manifest | None = None
    """The policy as our last write left it."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class EffectWriter:
    """The effects of one process's decisions."""

    def __init__(self, client: ApiClient, cluster: ClusterState) -> None:
        self._client = client
        self._cluster = cluster
        self._writes: dict[str, _PolicyWrites] = {}
        """By the policy's uid."""

    async def record(self, case: ScalingCase, found: ScalingFields) -> None:
        """Write one decision, together with those that came while another write was in flight."""
        policy = self._policy(case)
        if policy is None:
            return
        self._forget()
        writes = self._writes.setdefault(store.uid_of(policy), _PolicyWrites())
        writes.waiting.insert(0, scaling_status.effect(case, found))
        async with writes.turn:
            policy = self._policy(case)
            if writes.waiting and policy is not None:
                await self._write(policy, writes)

    async def _write(self, policy: Manifest, writes: _PolicyWrites) -> None:
        latest = max(policy, writes.written or policy, key=store.version_of)
        effects = scaling_status.with_effects(latest, writes.waiting)
        writes.waiting = []
        manifest = scaling_status.of_policy(policy, effects)
        try:
            writes.written = await self._client.apply(manifest, manager=scaling_status.MANAGER, subresource="status")
        except (ApiError, NotLeading) as problem:
            log.warning("the policy's last effects cannot be written: %s", problem)

    def _policy(self, case: ScalingCase) -> Manifest | None:
        name = case.subject.bounds.policy
        return self._cluster.of(kinds.AUTOSCALING_POLICY).find(case.namespace, name) if name else None

    def _forget(self) -> None:
        """Drop what is kept of deleted policies."""
        there = {store.uid_of(one) for one in self._cluster.of(kinds.AUTOSCALING_POLICY).each()}
        for uid in self._writes.keys() - there:
            del self._writes[uid]
