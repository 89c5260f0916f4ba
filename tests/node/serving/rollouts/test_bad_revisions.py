"""Five revisions that can never serve: each is named at once, harms no client, and is rolled back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pytest

from tests.node.operator_stage import Deployed, Observed, engine, observe_all
from tests.node.serving.claims import Record, unharmed
from tests.node.stories import Manifest, Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

SECONDS_TO_REPORT: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bad:
    """What is wrong with a revision, and the reason that users must read."""

    name: str
    engine: Manifest
    reason: str


BADS: Final = (
    Bad(name="no-image", engine=engine() | {"image": "localhost/fairlead:missing"}, reason="ImageNotPulled"),
    Bad(name="crashing", engine=engine(FAIRLEAD_ENGINE_FAULT="crash-at-start"), reason="CrashLoop"),
    Bad(name="too-large", engine=engine(FAIRLEAD_ENGINE_FAULT="out-of-memory"), reason="OutOfGpuMemory"),
    Bad(name="gated", engine=engine(FAIRLEAD_ENGINE_FAULT="gated"), reason="AccessDenied"),
    Bad(name="mute", engine=engine(FAIRLEAD_ENGINE_FAULT="no-tokens"), reason="NoTokens"),
)
"""A model that is too large is refused by the fit check; the engine meets it where admission was bypassed."""


def test_bad_revisions_are_named_harm_no_client_and_are_rolled_back(stage: Stage, record_property: Record) -> None:
    routers = {"replicas": 1, "timeouts": {"firstToken": "5s"}}
    fleet = {bad: Deployed(stage, bad.name, router=routers) for bad in BADS}
    served = {bad: each.serves().engines for bad, each in fleet.items()}
    with Traffic(*(each.address() for each in fleet.values()), clients=15) as traffic:
        for bad, each in fleet.items():
            each.apply(engine=bad.engine)
        figures = named(stage)
        eventually(lambda: all(map(gone_back, observe_all(stage).values())), "all went back", within_s=110)
        traffic.goes_on(30)

    unharmed(traffic.report, record_property)
    after = observe_all(stage)
    record_property("seconds_to_condition", round(max(figures.values()), 1))
    assert all(served[bad].keys() & after[bad.name].engines for bad in BADS), "somebody served all the time"
    assert max(figures.values()) <= SECONDS_TO_REPORT, figures


def named(stage: Stage) -> dict[str, float]:
    """Seconds from the order for the bad replica until its condition says what is wrong, by deployment.

    By Events: on a busy machine the condition has moved on to StartFailed before anybody reads it.
    """

    def all_reported() -> dict[str, float]:
        events = stage.objects("events")
        figures = {bad.name: found for bad in BADS if (found := seconds_to_report(events, bad)) is not None}
        return figures if len(figures) == len(BADS) else {}

    return eventually(all_reported, "every bad revision is named", within_s=SECONDS_TO_REPORT + 30)


def seconds_to_report(events: list[Manifest], bad: Bad) -> float | None:
    """None before both Events are there."""
    ordered = first_time(events, bad, "NewRevision", "goes from 0 to 1 replica")
    reported = first_time(events, bad, bad.reason, "Progressing is False")
    return None if ordered is None or reported is None else (reported - ordered).total_seconds()


def first_time(events: list[Manifest], bad: Bad, reason: str, words: str) -> datetime | None:
    """When this deployment's first such Event was written."""
    own = [one for one in events if one["involvedObject"]["name"] == bad.name and one["reason"] == reason]
    times = [datetime.fromisoformat(one["eventTime"]) for one in own if words in one["message"]]
    return min(times, default=None)


def gone_back(view: Observed) -> bool:
    """Whether the previous revision serves alone, with all its replicas, and the object says why."""
    counts = (view.status.get("routableReplicas"), len(view.pods))
    return view.reason("Progressing") in {"DeadlineExceeded", "StartFailed"} and counts == (2, 2)
