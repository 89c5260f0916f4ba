"""Sends Events: an Event that cannot be sent is logged and counted, and nothing depends on it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from fairlead.cluster.api_errors import ApiError, RequestRefused
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.interfaces import EventClient
from fairlead.telemetry.event_recorder import EventRecorder, NewEvent

log = logging.getLogger("fairlead.events")


class EventPublisher:
    """Sends Events within the limits of the recorder."""

    def __init__(self, client: EventClient, instance: str, counted: Callable[[bool], None] = lambda _: None) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        """Events that are being sent in the background."""
        self._recorder = EventRecorder(client.create, instance)
        self._counted = counted

    def send(self, news: NewEvent, at: datetime) -> None:
        """Send one in the background."""
        task = asyncio.create_task(self.publish(news, at), name=f"event {news.owner['name']}")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def publish(self, news: NewEvent, at: datetime) -> None:
        """Send one, and count whether it was sent."""
        try:
            self._counted(await self._recorder.publish(news, at))
        except (ApiError, NotLeading) as problem:
            self._counted(False)
            if not (isinstance(problem, RequestRefused) and problem.namespace_ends):
                log.warning("an Event could not be written: %s", problem)
