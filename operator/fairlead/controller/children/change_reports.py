"""How a reconcile reports that a child is not as it was applied: in the log, and as an Event on the child's owner."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller.interfaces import EventSink

log = logging.getLogger("fairlead.controller")


class OnForeignChange(Protocol):
    """Called when somebody else changed a child of ours, with a note on the change."""

    def __call__(self, resource: Resource, note: str, *, restored: bool = True) -> None:
        """Report it; what is set at admission is not restored."""


def reporter(events: EventSink, about: Manifest, extra: Mapping[str, object], at: datetime) -> OnForeignChange:
    """Return what reports the changes of one reconcile."""

    def report(resource: Resource, note: str, *, restored: bool = True) -> None:
        if restored:
            log.warning("%s", note, extra={**extra, "reason": "PutBack"})
            events.foreign_change(about, resource, note, at)
        else:
            log.info("%s", note, extra={**extra, "reason": "SetAtAdmission"})
            events.set_at_admission(about, note, at)

    return report
