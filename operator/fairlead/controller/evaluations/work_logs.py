"""What a working pod has printed, read whole, and whether that is all of it.

A kubelet rotates a long log, and then hands out its last part alone; more than `MAX_LOG` is not read. In both cases
verdicts are missing that were printed, which is not the same as none.
"""

import re
from typing import Final, Protocol

from fairlead.cluster.kinds import Manifest
from fairlead.objects.evaluation_pods import CONTAINER

MAX_LOG: Final = 10 * 2**20
"""Bytes; a kubelet rotates a log there."""
_FIRST: Final = 512
"""Bytes of a log's beginning by which it is recognized."""
_MOST: Final = 1000
"""Pods whose beginnings are kept: far more than work at a time."""
_LINE_END: Final = re.compile("[\\r\\n]+")
"""Not all at which `str.splitlines` splits: JSON may hold some of them."""
_REMEDY: Final = "write little but the verdicts"
_UNREADABLE: Final = "\ufffd"
"""Also for a letter that is cut in the middle."""


class WholeLogs(Protocol):
    """The part of the API server that reading a pod's output needs."""

    async def whole_log(self, namespace: str, name: str, container: str, max_bytes: int) -> str:
        """Return a container's whole log."""


class LogIncomplete(Exception):
    """A part of what a pod printed is not in its log."""


class WorkLogs:
    """The logs of pods; the beginnings of those that work are kept, and a restarted operator reads them anew."""

    def __init__(self, logs: WholeLogs) -> None:
        self._logs = logs
        self._begins: dict[str, str] = {}
        """By the pod's UID."""

    async def note_beginning(self, live: Manifest) -> None:
        """Keep the beginning of a working pod's log, once it has printed anything."""
        if live["metadata"]["uid"] in self._begins:
            return
        text = (await self._read(live["metadata"], _FIRST)).rstrip(_UNREADABLE)
        if text:
            self._begins[live["metadata"]["uid"]] = text
        if len(self._begins) > _MOST:
            del self._begins[next(iter(self._begins))]

    async def lines(self, about: Manifest) -> tuple[str, ...]:
        """Return what a pod has printed, as far as its log has it."""
        return tuple(_LINE_END.split(await self._read(about, MAX_LOG)))

    async def all_lines(self, live: Manifest) -> tuple[str, ...]:
        """Return all that a pod has printed; raises `LogIncomplete`."""
        about = live["metadata"]
        text = await self._read(about, MAX_LOG)
        if len(text.encode()) - 2 * text.count(_UNREADABLE) >= MAX_LOG:
            raise LogIncomplete(f"its log has more than the {MAX_LOG >> 20} MiB that are read; {_REMEDY}")
        if not text.startswith(self._begins.get(about["uid"], "")):
            raise LogIncomplete(f"its node no longer has the beginning of its log; {_REMEDY}")
        return tuple(_LINE_END.split(text))

    async def _read(self, about: Manifest, most: int) -> str:
        return await self._logs.whole_log(about["namespace"], about["name"], CONTAINER, most)
