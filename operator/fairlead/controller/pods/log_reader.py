"""Reads the logs of engines whose end nothing else explains, once per end, and keeps the line with the reason."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, Protocol

from fairlead.cluster.api_errors import ApiError, RequestRefused
from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods import end_causes
from fairlead.controller.pods.end_causes import UnexplainedEnd
from fairlead.controller.snapshot import DeploymentSnapshot

LONGEST_S: Final = 3.0
"""A reconcile waits for it, and a node that is gone never answers."""
AGAIN_S: Final = 15.0
"""A log that could not be read is not requested again with every event of its deployment."""

log = logging.getLogger("fairlead.controller")


class ContainerLogs(Protocol):
    """The part of the API server that reading a container's log needs."""

    async def log(self, namespace: str, name: str, container: str, *, previous: bool) -> str:
        """Return the last lines that a container logged, or the one before it."""


class LogReader:
    """The lines that explain why engines ended, by pod."""

    def __init__(self, api: ContainerLogs, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._causes: dict[str, tuple[UnexplainedEnd, str]] = {}
        self._not_before: dict[str, float] = {}

    async def explained(self, observed: DeploymentSnapshot) -> DeploymentSnapshot:
        """Add to the pods why they ended, as far as their logs say."""
        pods = {revision: await self._each(some) for revision, some in observed.pods.items()}
        return replace(observed, pods=pods, checks=await self._each(observed.checks))

    def forget(self, uid: str) -> None:
        """Drop a deleted pod."""
        self._causes.pop(uid, None)
        self._not_before.pop(uid, None)

    async def _each(self, some: Iterable[Manifest]) -> tuple[Manifest, ...]:
        return tuple(await asyncio.gather(*(self._one(pod) for pod in some)))

    async def _one(self, pod: Manifest) -> Manifest:
        end = end_causes.unexplained(pod)
        if end is None:
            return pod
        if self._causes.get(end.pod, (None, ""))[0] != end and self._clock() >= self._not_before.get(end.pod, 0.0):
            await self._read(pod, end)
        read, words = self._causes.get(end.pod, (None, ""))
        return end_causes.with_cause(pod, end, words) if words and read == end else pod

    async def _read(self, pod: Manifest, end: UnexplainedEnd) -> None:
        """Read it; without the right to read logs there is none, and a silent node is tried again."""
        about = pod["metadata"]
        try:
            async with asyncio.timeout(LONGEST_S):
                found = await self._api.log(about["namespace"], about["name"], end.container, previous=end.previous)
        except RequestRefused as problem:
            log.info("%s", problem)
            found = ""
        except (ApiError, TimeoutError) as problem:
            log.info("%s", str(problem) or f"no log of pod {about['name']} within {LONGEST_S:g} s")
            self._not_before[end.pod] = self._clock() + AGAIN_S
            return
        self._causes[end.pod] = end, end_causes.cause(found)
