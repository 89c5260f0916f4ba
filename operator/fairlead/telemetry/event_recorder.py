"""Events: what `kubectl describe` shows, sent only on transitions and rate limited, so that they do not drown others.

Knows the form of an Event and the rate limits. Nothing may depend on Events: the API server drops them after an hour.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

Manifest = dict[str, Any]

CONTROLLER: Final = "fairlead.dev/controller"
LONGEST_NOTE: Final = 1024
"""Bytes; the API server refuses a longer note."""
LONGEST_NAME: Final = 253
CLUSTER_WIDE: Final = "default"
"""Namespace of Events about objects without a namespace."""
LATE: Final = timedelta(minutes=5)
"""An Event has the time at which its reconcile began, and others may be sent meanwhile; one still older shows that the
clock was set back."""
MAX_OBJECTS: Final = 10_000
"""Objects with a bucket; the one without an Event for longest is dropped and starts again with a full bucket."""


class EventType(StrEnum):
    """The two types that Kubernetes has."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """The content of an Event about one object."""

    owner: Mapping[str, Any]
    """An object reference: apiVersion, kind, name, namespace, uid."""
    reason: str
    action: str
    """What we did, as one word: Reconcile, ScaleUp, RollBack."""
    note: str
    type: EventType = EventType.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRate:
    """A token bucket's burst, and its rate after that."""

    burst: float
    per_second: float


PER_OBJECT: Final = EventRate(burst=25, per_second=1 / 300)
"""The same limits as the recorder of Kubernetes' own controllers."""
ALL: Final = EventRate(burst=20, per_second=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBucket:
    """How many Events may still be sent, as of a moment."""

    left: float
    at: datetime

    def taken(self, rate: EventRate, now: datetime) -> "EventBucket | None":
        """Take one; returns None if the bucket is empty. A clock that goes back fills nothing."""
        filled = min(rate.burst, self.left + max(0.0, (now - self.at).total_seconds()) * rate.per_second)
        return EventBucket(left=filled - 1, at=max(now, self.at)) if filled >= 1 else None

    def as_of(self, now: datetime) -> "EventBucket":
        """Return it as of now if a clock was set back: it would fill again only once that has caught up."""
        return EventBucket(left=self.left, at=now) if self.at - now > LATE else self


def event(news: NewEvent, now: datetime, instance: str) -> Manifest:
    """Build the Event. Its name derives from its content and time, so that a repeated request creates no second one."""
    owner, moment = news.owner, now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    regarding = {key: owner[key] for key in ("apiVersion", "kind", "namespace", "name", "uid") if owner.get(key)}
    digest = hashlib.sha256(f"{owner.get('uid')} {news.reason} {news.note} {moment}".encode()).hexdigest()[:16]
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": f"{str(owner['name'])[: LONGEST_NAME - 17].rstrip('.-')}.{digest}",
            "namespace": owner.get("namespace") or CLUSTER_WIDE,
        },
        "eventTime": moment,
        "type": news.type.value,
        "reason": news.reason,
        "action": news.action,
        "note": shortened(news.note),
        "regarding": regarding,
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:128],
    }


def shortened(note: str) -> str:
    """Cut to at most a kilobyte, between two characters, with a mark that something is missing."""
    whole = note.encode()
    return note if len(whole) <= LONGEST_NOTE else whole[: LONGEST_NOTE - 3].decode(errors="ignore") + "..."


def reference(about: Manifest) -> Manifest:
    """Return the reference to the object that an Event is about."""
    metadata = about["metadata"]
    head = {name: metadata.get(name) for name in ("namespace", "name", "uid")}
    return {"apiVersion": about["apiVersion"], "kind": about["kind"], **head}


class EventRecorder:
    """Sends Events within the limits; those beyond a limit are dropped, never queued."""

    def __init__(self, send: Callable[[Manifest], Awaitable[object]], instance: str) -> None:
        self._send = send
        self._instance = instance
        self._all: EventBucket | None = None
        self._buckets: OrderedDict[str, EventBucket] = OrderedDict()

    async def publish(self, news: NewEvent, now: datetime) -> bool:
        """Send one Event if it is within the limits; returns whether it was sent. Exceptions of `send` are passed
        on."""
        if not self.admits(str(news.owner.get("uid")), now):
            return False
        await self._send(event(news, now, self._instance))
        return True

    def admits(self, uid: str, now: datetime) -> bool:
        """Return whether one more Event is within the object's limit and the global one; if so, it is counted."""
        before = self._buckets.get(uid, EventBucket(left=PER_OBJECT.burst, at=now)).as_of(now)
        self._all = (self._all or EventBucket(left=ALL.burst, at=now)).as_of(now)
        mine, ours = before.taken(PER_OBJECT, now), self._all.taken(ALL, now)
        if mine is None or ours is None:
            self._buckets |= {uid: before} if uid in self._buckets else {}
            return False
        self._all = ours
        self._buckets[uid] = mine
        self._buckets.move_to_end(uid)
        if len(self._buckets) > MAX_OBJECTS:
            self._buckets.popitem(last=False)
        return True
