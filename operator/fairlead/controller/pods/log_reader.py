"""Reads the logs of engines whose end nothing else explains, once for each end, and keeps the line that says why."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from fairlead.cluster.api_errors import ApiError, RequestRefused
from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods import end_causes
from fairlead.controller.pods.end_causes import UnexplainedEnd
from fairlead.controller.snapshot import DeploymentSnapshot

log = logging.getLogger("fairlead.controller")


class ContainerLogs(Protocol):
    """As much of the API server as reading a container's log takes."""

    async def log(self, namespace: str, name: str, container: str, *, previous: bool) -> str:
        """The last lines that a container logged, or the one before it."""


class LogReader:
    """The lines that said why engines ended, by pod."""

    def __init__(self, api: ContainerLogs) -> None:
        self._api = api
        self._causes: dict[str, tuple[UnexplainedEnd, str]] = {}

    async def explained(self, observed: DeploymentSnapshot) -> DeploymentSnapshot:
        """The snapshot whose pods say why they ended, as far as their logs do."""
        pods = {revision: await self._each(some) for revision, some in observed.pods.items()}
        return replace(observed, pods=pods, checks=await self._each(observed.checks))

    def forget(self, uid: str) -> None:
        """A pod is gone."""
        self._causes.pop(uid, None)

    async def _each(self, some: Iterable[Manifest]) -> tuple[Manifest, ...]:
        return tuple(await asyncio.gather(*(self._one(pod) for pod in some)))

    async def _one(self, pod: Manifest) -> Manifest:
        end = end_causes.unexplained(pod)
        if end is None:
            return pod
        read, words = self._causes.get(end.pod, (None, ""))
        if read != end:
            words = await self._read(pod, end)
        return end_causes.with_cause(pod, end, words) if words else pod

    async def _read(self, pod: Manifest, end: UnexplainedEnd) -> str:
        """A log that could not be read is tried again with the next reconcile, unless we may not read any."""
        about = pod["metadata"]
        try:
            found = await self._api.log(about["namespace"], about["name"], end.container, previous=end.previous)
        except RequestRefused as problem:
            log.info("%s", problem)
            found = ""
        except ApiError as problem:
            log.info("%s", problem)
            return ""
        self._causes[end.pod] = end, end_causes.cause(found)
        return self._causes[end.pod][1]
