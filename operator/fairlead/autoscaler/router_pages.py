"""A router's page of its engines and its queue, as figures. Fields of newer routers do no harm."""

from collections.abc import Mapping
from typing import Final

import msgspec

from fairlead.autoscaler.told import RouterSays, Seen, Told
from fairlead.fleet.endpoints import EndpointState
from fairlead.scaling.facts import Doubt, RouterFigures

HURRIED: Final = ("interactive", "long")
BATCH: Final = "batch"
MOST_WORDS: Final = 300
"""Of a reason; it goes into messages for people."""
_STATES: Final = {one.value: one for one in EndpointState}


class EndpointSays(msgspec.Struct):
    """One engine, as the router writes it."""

    pod: str
    state: str
    inflight: int = 0
    reason: str = ""


class Lane(msgspec.Struct, rename="camel"):
    """Who waits in one lane."""

    waiting: float = 0.0
    oldest_seconds: float = 0.0


class Queue(msgspec.Struct):
    """Who waits."""

    held: float = 0.0
    lanes: dict[str, Lane] = {}


class Demand(msgspec.Struct, rename="camel"):
    """What came since the start."""

    asked: float
    prompt_tokens: float


class Page(msgspec.Struct):
    """What is read of it."""

    endpoints: list[EndpointSays]
    queue: Queue
    demand: Demand | None = None
    """Routers of a release before this one do not count what came."""


_PAGES: Final = msgspec.json.Decoder(Page)


def after(before: Told[RouterSays], page: bytes, at: float) -> Told[RouterSays]:
    """What is known once this page came."""
    try:
        read = _PAGES.decode(page)
    except (msgspec.DecodeError, RecursionError) as problem:
        return doubted(before, Doubt.UNREADABLE, f"its page cannot be read: {problem}")
    return told(before, read, at)


def told(before: Told[RouterSays], read: Page, at: float) -> Told[RouterSays]:
    """What is known once it was read, that was true at that moment."""
    if read.demand is None:
        return doubted(before, Doubt.UNREADABLE, "it is of an older release and does not count requests")
    if (wrong := _negative(read, read.demand)) is not None:
        return doubted(before, Doubt.UNREADABLE, wrong)
    says = RouterSays(figures=_figures(read.queue, read.demand, at), endpoints=_endpoints(read, before.figures, at))
    if before.figures is not None and says.figures.asked < before.figures.figures.asked:
        return Told(figures=says, at=at, doubt=Doubt.RESET, because="its counters went back: it restarted")
    return Told(figures=says, at=at, doubt=None, because="")


def doubted(before: Told[RouterSays], doubt: Doubt, because: str) -> Told[RouterSays]:
    """What is known once a look brought nothing: as much as before."""
    return Told(figures=before.figures, at=before.at, doubt=doubt, because=because)


def _negative(page: Page, demand: Demand) -> str | None:
    """JSON has no NaN, so a number can lie in one way only."""
    numbers = {"demand.asked": demand.asked, "demand.promptTokens": demand.prompt_tokens, "queue.held": page.queue.held}
    for name, lane in page.queue.lanes.items():
        numbers[f"queue.lanes.{name}.waiting"] = lane.waiting
        numbers[f"queue.lanes.{name}.oldestSeconds"] = lane.oldest_seconds
    wrong = next((name for name, value in numbers.items() if value < 0), None)
    return None if wrong is None else f"its page is rejected: {wrong} is negative"


def _figures(queue: Queue, demand: Demand, at: float) -> RouterFigures:
    hurried = [queue.lanes[name] for name in HURRIED if name in queue.lanes]
    batch = queue.lanes.get(BATCH)
    return RouterFigures(
        at=at,
        asked=demand.asked,
        prompt_tokens=demand.prompt_tokens,
        waiting=sum(lane.waiting for lane in hurried),
        batch_waiting=batch.waiting if batch is not None else 0.0,
        held=queue.held,
        oldest_seconds=max((lane.oldest_seconds for lane in hurried), default=0.0),
    )


def _endpoints(page: Page, before: RouterSays | None, at: float) -> Mapping[str, Seen]:
    known = before.endpoints if before is not None else {}
    return {one.pod: _seen(one, known.get(one.pod), at) for one in page.endpoints}


def _seen(said: EndpointSays, before: Seen | None, at: float) -> Seen:
    since = before.busy_since if before is not None and before.busy_since is not None else at
    return Seen(
        state=_STATES.get(said.state, EndpointState.UNKNOWN),
        inflight=said.inflight,
        reason=said.reason[:MOST_WORDS],
        busy_since=since if said.inflight > 0 else None,
    )
