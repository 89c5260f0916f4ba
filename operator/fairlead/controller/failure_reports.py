"""Failures of reconciles that repeat or last, in the conditions of their objects; nothing else is changed."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.fencing import FencedApiServer, NotLeading
from fairlead.cluster.kinds import Manifest
from fairlead.controller.informers import WATCHED, ControllerInformers
from fairlead.controller.reconcile import moment
from fairlead.controller.status import deployment_status
from fairlead.review.context import ObjectKey

BUGS_REPORTED_AFTER: Final = 3
"""Internal errors in a row before an object's conditions report them, so that a single one does not."""
FAILURES_REPORTED_AFTER_S: Final = 300.0
"""How long an object's reconciles fail before its conditions report it: an API server that is replaced takes less."""

log = logging.getLogger("fairlead.controller")


class FailureReports:
    """What has failed of late, by object."""

    def __init__(self, server: FencedApiServer, world: Callable[[], ControllerInformers | None]) -> None:
        self._server = server
        self._world = world
        """What is watched; None while this process does not lead."""
        self._bugs: dict[ObjectKey, int] = {}
        self._failing: dict[ObjectKey, float] = {}
        """Since when each reconcile of an object has failed."""

    def went_well(self, key: ObjectKey) -> None:
        """A reconcile of this object has succeeded."""
        self._bugs.pop(key, None)
        self._failing.pop(key, None)

    async def bug(self, key: ObjectKey, words: str) -> None:
        """Report repeated internal errors."""
        times = self._bugs[key] = self._bugs.get(key, 0) + 1
        if times >= BUGS_REPORTED_AFTER:
            await self._write(key, words, deployment_status.with_internal_error)

    async def failure(self, key: ObjectKey, words: str) -> None:
        """Report failures of the API server that last; while it is down altogether, this write fails as well."""
        now = time.monotonic()
        if now - self._failing.setdefault(key, now) >= FAILURES_REPORTED_AFTER_S:
            await self._write(key, words, deployment_status.with_lasting_failure)

    async def _write(self, key: ObjectKey, words: str, report: Callable[[Manifest, str, datetime], Manifest]) -> None:
        informers = self._world()
        if informers is None:
            return
        resource = next(one for one in WATCHED.ours if one.kind == key.kind)
        document = informers.of(resource).find(key.namespace, key.name)
        if document is None:
            return
        found = report(document, words, moment())
        try:
            if deployment_status.differs(found["status"], document.get("status") or {}):
                informers.note(await self._server.apply(found, subresource="status"))
        except (ApiError, NotLeading) as problem:
            log.warning("%s", problem, extra=about(key))


def about(key: ObjectKey) -> dict[str, object]:
    """Return the fields of a log line that name the object."""
    return {"namespace": key.namespace, "name_of_object": key.name}
