"""Keeps the Secrets by which routers authenticate each other's datagrams: created when missing, renewed monthly.

Secrets are never listed: each is read by name after the start and from time to time. Without the right to, routers
choose the endpoints that all of them agree on, as they do without peers.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import ControllerApiClient, ControllerClusterState
from fairlead.objects import peer_secret

EVERY_S: Final = 2.0
"""Interval between checks of the ConfigMaps in memory, which cost no request."""
READ_EVERY_S: Final = 600.0
"""Interval between reads of one Secret."""
FAILED_S: Final = 60.0
LEAVING_S: Final = 2.0
"""How soon the Secret of a deleted object of the same name is read again: until it is gone, there is no other key."""

log = logging.getLogger("fairlead.controller")


@dataclass(slots=True, kw_only=True)
class _SecretCheck:
    """When to read the Secret of one version of a ConfigMap again."""

    config_map: Manifest
    due: float
    """Never, for a ConfigMap without routers that need a key."""


class PeerSecrets:
    """All peer Secrets."""

    def __init__(
        self,
        client: ControllerApiClient,
        cluster: ControllerClusterState,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._clock = clock
        self._checks: dict[str, _SecretCheck] = {}
        """By ConfigMap UID."""
        self._as_of = -1
        """The change of the ConfigMaps that the checks are as of."""
        self._next = inf

    async def follow(self) -> None:
        """Keep them until cancelled."""
        while True:
            await self.keep()
            await asyncio.sleep(EVERY_S)

    async def keep(self) -> None:
        """Check those that are due; costs nothing while none is, and no ConfigMap changes."""
        now = self._clock()
        self._follow_changes(now.timestamp())
        if not _is_due(self._next, now.timestamp()):
            return
        for check in [one for one in self._checks.values() if _is_due(one.due, now.timestamp())]:
            check.due = now.timestamp() + await self._keep_safely(check.config_map, now)
        self._next = self._earliest()

    def _follow_changes(self, now: float) -> None:
        config_maps = self._cluster.of(kinds.CONFIG_MAP)
        if config_maps.changes != self._as_of:
            self._as_of = config_maps.changes
            self._checks = {one["metadata"]["uid"]: self._check(one, now) for one in config_maps.each()}
            self._next = self._earliest()

    def _check(self, config_map: Manifest, now: float) -> _SecretCheck:
        before = self._checks.get(config_map["metadata"]["uid"])
        if before is not None and before.config_map is config_map:
            return before
        if not peer_secret.is_wanted(config_map):
            return _SecretCheck(config_map=config_map, due=inf)
        return _SecretCheck(config_map=config_map, due=now if before is None or before.due == inf else before.due)

    def _earliest(self) -> float:
        return min((one.due for one in self._checks.values()), default=inf)

    async def _keep_safely(self, config_map: Manifest, now: datetime) -> float:
        """Keep one Secret; a bug that one object brings to light must not cost all others their keys."""
        try:
            return await self._keep(config_map, now)
        except Exception:
            metadata = config_map["metadata"]
            log.exception(
                "ConfigMap %s/%s: an internal error of Fairlead; please report it",
                metadata["namespace"],
                metadata["name"],
            )
            return FAILED_S

    async def _keep(self, config_map: Manifest, now: datetime) -> float:
        """Create or renew one Secret if necessary; return the seconds until its next check."""
        metadata = config_map["metadata"]
        namespace, name = metadata["namespace"], peer_secret.name(metadata["name"])
        try:
            live = await self._client.read(kinds.SECRET, namespace, name)
            if live is not None and not peer_secret.is_ours(live, config_map):
                if peer_secret.is_leaving(live, config_map):
                    return LEAVING_S
                log.warning(
                    "Secret %s/%s is not Fairlead's; until it has another name, routers do not report to each other",
                    namespace,
                    name,
                )
                return READ_EVERY_S
            made = peer_secret.manifest(config_map, live, secrets.token_bytes(peer_secret.KEY_BYTES), now)
            if made is not None:
                await self._client.apply(made)
                log.info("Secret %s/%s: its routers know each other by a new key", namespace, name)
        except NotLeading:
            return FAILED_S
        except ApiError as problem:
            log.warning("Secret %s/%s: %s; until then, routers do not report to each other", namespace, name, problem)
            return FAILED_S
        return READ_EVERY_S


def _is_due(due: float, now: float) -> bool:
    """Whether that time has come, or is later than any pause: a clock was set back."""
    return due < inf and not 0 < due - now <= READ_EVERY_S
