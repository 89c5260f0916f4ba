"""Keeps the Secrets by which routers authenticate each other's datagrams: created when missing, renewed monthly.

Secrets are never listed: each is read by name after the start and from time to time. Without the right to, routers
choose the endpoints that all of them agree on, as they do without peers.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
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
        self._due: dict[str, datetime] = {}
        """When to read the Secret of a ConfigMap again, by the ConfigMap's UID."""
        self._read: dict[str, tuple[str, bool]] = {}
        """By ConfigMap UID, the version that was read last and whether it needs a Secret."""

    async def follow(self) -> None:
        """Keep them until cancelled."""
        while True:
            await self.keep()
            await asyncio.sleep(EVERY_S)

    async def keep(self) -> None:
        """Check those that are due."""
        now = self._clock()
        config_maps = {one["metadata"]["uid"]: one for one in self._cluster.of(kinds.CONFIG_MAP).each()}
        for uid in self._read.keys() - config_maps.keys():
            del self._read[uid]
            self._due.pop(uid, None)
        for uid, one in config_maps.items():
            left = (self._due.get(uid, now) - now).total_seconds()  # more than any pause: a clock was set back
            if self._is_wanted(one) and not 0 < left <= READ_EVERY_S:
                self._due[uid] = datetime.fromtimestamp(now.timestamp() + await self._keep_safely(one, now), UTC)

    def _is_wanted(self, config_map: Manifest) -> bool:
        metadata = config_map["metadata"]
        version, wanted = self._read.get(metadata["uid"], ("", False))
        if version != metadata["resourceVersion"]:
            wanted = peer_secret.is_wanted(config_map)
            self._read[metadata["uid"]] = metadata["resourceVersion"], wanted
        return wanted

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
