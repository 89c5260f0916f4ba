"""The only place that writes the status of an object after a reconcile: if it differs, with an Event per change."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from fairlead.cluster.api_errors import NotFound
from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import ControllerApiClient, ControllerClusterState, EventSink
from fairlead.controller.status import deployment_status


class StatusWrite(Enum):
    """What became of a status."""

    UNCHANGED = auto()
    WRITTEN = auto()
    GONE = auto()
    """Its object was deleted meanwhile: there is nothing to reconcile until its informer reports another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWriter:
    """Writes status fields, and records the conditions that changed."""

    client: ControllerApiClient
    cluster: ControllerClusterState
    events: EventSink

    async def write(self, document: Manifest, found: Manifest, at: datetime) -> StatusWrite:
        """Write these fields if they differ from the stored ones of the document."""
        stored = document.get("status")
        before = stored if isinstance(stored, dict) else {}
        if not deployment_status.differs(found, before):
            return StatusWrite.UNCHANGED
        try:
            written = await self.client.apply(deployment_status.manifest(document, found), subresource="status")
        except NotFound:
            return StatusWrite.GONE
        self.cluster.note(written)
        for condition in deployment_status.changed(found, before):
            self.events.transition(document, condition, at)
        return StatusWrite.WRITTEN
