"""One replica and no GPU to spare: a bad revision costs no more time without a replica than a good one does.

Eight bad revisions are applied side by side, beside a good one whose own gap is the measure: one drain and one start.
Two more fail on a GPU only, which cannot be detected before one is free for them: their gap is reported, not judged.
"""

import time
from dataclasses import dataclass
from typing import Final

import pytest

from devcluster.door import DoorClosed
from tests.node.operator_stage import Deployed, Observed, engine, observe_all
from tests.node.serving.claims import Record, unharmed
from tests.node.stories import Manifest, Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

WANTED_S: Final = 130.0
START: Final = {"FAIRLEAD_ENGINE_START_SECONDS": "4"}
ROLLOUT: Final = {"strategy": "Replace", "progressDeadlineSeconds": 240}
NO_SECRET: Final = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "not-there", "key": "token"}}}
STOPPED: Final = frozenset({"StartFailed", "DeadlineExceeded", "ImageNotPulled"})


def _engine(context: int = 4096, **env: str) -> Manifest:
    return engine(context, **START, **env)


BADS: Final[dict[str, Manifest]] = {
    "no-image": _engine() | {"image": "localhost/fairlead:missing"},
    "image-name": _engine() | {"image": "localhost/Fairlead:missing"},
    "bad-argument": _engine() | {"extraArgs": ["--max-num-queued-reqs", "many"]},
    "ends-at-once": _engine(FAIRLEAD_ENGINE_WAKE_SECONDS="soon"),
    "no-model": _engine(FAIRLEAD_ENGINE_FAULT="no-model"),
    "gated": _engine(FAIRLEAD_ENGINE_FAULT="gated"),
    "no-secret": _engine() | {"env": [*_engine()["env"], NO_SECRET]},
    "too-large": _engine(120_000),
}
ON_A_GPU: Final[dict[str, Manifest]] = {
    "out-of-memory": _engine(FAIRLEAD_ENGINE_FAULT="out-of-memory"),
    "core-dies": _engine(FAIRLEAD_ENGINE_FAULT="crash-at-start"),
}
GOOD: Final = "good"


@dataclass(slots=True)
class Gap:
    """How long a deployment was without a ready replica."""

    since: float | None = None
    longest: float = 0.0

    def seen(self, view: Observed, now: float) -> None:
        """Record one observation."""
        if view.ready:
            self.since = None
            return
        self.since = now if self.since is None else self.since
        self.longest = max(self.longest, now - self.since)


@pytest.mark.trial(14)
def test_a_bad_revision_of_the_only_replica_costs_no_more_than_a_good_one(
    stage: Stage, record_property: Record
) -> None:
    changes = BADS | ON_A_GPU | {GOOD: _engine()}
    fleet = {
        name: Deployed(stage, name, replicas=1, rollout=ROLLOUT, engine=_engine(8192), router={"replicas": 1})
        for name in changes
    }
    served = {name: each.serves(120).engines for name, each in fleet.items()}
    with Traffic(*(fleet[name].address() for name in BADS), clients=len(BADS)) as traffic:
        refused = {name for name, change in changes.items() if not _applied(fleet[name], change)}
        gaps = _followed(stage, set(changes) - refused, served)
        traffic.goes_on(len(BADS))
    for name in changes:
        record_property(f"gap_of_{name}", round(gaps[name].longest, 1))
    record_property("refused_at_apply", len(refused))
    unharmed(traffic.report, record_property)
    after = observe_all(stage)
    assert all(served[name] == after[name].engines for name in BADS), "the same pods serve"
    assert max(gaps[name].longest for name in BADS) <= gaps[GOOD].longest, gaps


def _applied(each: Deployed, change: Manifest) -> bool:
    """Whether admission accepted it; what it refuses harms nobody."""
    try:
        each.apply(engine=change)
    except DoorClosed:
        return False
    return True


def _followed(stage: Stage, changed: set[str], served: dict[str, dict[str, str]]) -> dict[str, Gap]:
    """Observe until every change has come to its end."""
    gaps = {name: Gap() for name in served}

    def over() -> bool:
        found, now = observe_all(stage), time.monotonic()
        for name, gap in gaps.items():
            gap.seen(found[name], now)
        return all(_ended(name, found[name]) for name in changed)

    eventually(over, "every change came to its end", within_s=WANTED_S)
    return gaps


def _ended(name: str, view: Observed) -> bool:
    if name == GOOD:
        return view.settled
    kept = view.reason("Accepted") not in {"", "Accepted"} or view.reason("Progressing") in STOPPED
    return kept and view.ready == 1
