"""Faults of a real fleet make the shipped alerts fire in a real Prometheus, and clear after the remedy.

Their waits are divided by one factor; what they read and compare is as shipped.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.fleet.conditions import ConditionReason
from house import prometheus_server
from monitoring import files
from monitoring.queries import DEPLOYMENT
from tests.monitoring.shortened_rules import shortened
from tests.node.operator_stage import NAMESPACE, RELEASE, Deployed, Operator, engine
from tests.node.prometheus_pod import PrometheusPod
from tests.node.serving.claims import Record
from tests.node.serving.scaling.fleets import POLICY, Fleet
from tests.node.stories import Manifest, Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = [
    pytest.mark.usefixtures("operated"),
    pytest.mark.skipif(
        prometheus_server.found() is None, reason="no prometheus here: python -m house.prometheus_server installs one"
    ),
]

FACTOR: Final = 60
EVERY_S: Final = 1.0
FIRES_WITHIN_S: Final = 180.0
CLEARS_WITHIN_S: Final = 120.0
CROWD: Final = 20
ONE_REPLICA: Final[dict[str, Any]] = {"replicas": 1, "router": {"replicas": 1}}
"""Of an L4, what `maxCostPerHour: "1"` pays for, too."""


@dataclass(frozen=True, slots=True)
class FiredAlert:
    """An alert about one thing: its name, and labels that identify the thing."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


def scaled(least: int, most: int, policy: str) -> dict[str, Any]:
    """Scaled by the autoscaler, between these bounds."""
    bounds = {"minReplicas": least, "maxReplicas": most, "policy": {"name": policy}}
    return {"replicas": None, "scaling": bounds}


def policy(name: str, **more: object) -> Manifest:
    """With short windows."""
    kind = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "AutoscalingPolicy"}
    return kind | {"metadata": {"name": name}, "spec": POLICY | more}


class DisturbedFleet:
    """Five deployments: two that serve until engines fail or a crowd comes, and three that cannot start as written."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        poor = policy("poor", objectives={"ttftP95": "50ms"}, budget={"maxCostPerHour": "1"})
        stage.apply(policy("plain"), poor)
        few = engine(FAIRLEAD_ENGINE_FAULTS_API="1")
        impatient = {"replicas": 1, "timeouts": {"firstToken": "5s"}}
        kept = {"hungReplicas": "Keep"}
        self.chat = Deployed(stage, "chat", engine=few, router=impatient, repair=kept, **scaled(3, 3, "plain"))
        narrow = engine() | {"batching": {"maxSequences": 4}}
        short = {"replicas": 1, "limits": {"maxQueued": 4}}
        self.busy = Deployed(stage, "busy", engine=narrow, router=short, **scaled(1, 4, "poor"))
        for one in (self.chat, self.busy):
            eventually(partial(_serves, one), f"{one.name} serves", 90.0)

    @property
    def expected(self) -> tuple[FiredAlert, ...]:
        """What must fire, and about what."""
        space = {"namespace": self.stage.namespace}
        of_chat, of_busy = space | {"name": "chat"}, space | {"name": "busy"}
        chats, busies = space | {DEPLOYMENT: "chat"}, space | {DEPLOYMENT: "busy"}
        return (
            FiredAlert("FairleadMetricsFrozen", of_chat),
            FiredAlert("FairleadRouterEjectsEngines", chats),
            FiredAlert("FairleadEngineWithoutProgress", of_chat),
            FiredAlert("FairleadBudgetSpent", of_busy),
            FiredAlert("FairleadQueueRefuses", busies | {"reason": "queue_full"}),
            FiredAlert("FairleadErrorBudgetBurnsFast", busies),
            FiredAlert("FairleadObjectiveBurnsFast", busies | {"objective": "ttftP95"}),
            FiredAlert("FairleadNotReady", {"reason": ConditionReason.MODEL_NOT_FOUND}),
            FiredAlert("FairleadRolloutStuck"),
            FiredAlert("FairleadNoRoom", {"reason": ConditionReason.NODES_TOO_SMALL}),
            FiredAlert("FairleadColdStartTooLong", space | {"name": "slow"}),
        )

    def disturb(self) -> None:
        """One engine shows old figures, one fails every request, one writes nothing; three objects are wrong."""
        self.engines = sorted(self.chat.observe().engines)
        for pod, fault in zip(self.engines, ("metrics-frozen", "errors", "no-tokens"), strict=True):
            Fleet(self.stage).disturb(pod, fault)
        self.missing = Deployed(self.stage, "missing", **ONE_REPLICA, engine=engine(FAIRLEAD_ENGINE_FAULT="no-model"))
        slow = engine(FAIRLEAD_ENGINE_START_SECONDS="70")
        self.slow = Deployed(self.stage, "slow", engine=slow, router={"replicas": 1}, **scaled(1, 1, "plain"))
        self.wide = Deployed(self.stage, "wide", **ONE_REPLICA, parallelism={"tensor": 8})

    def mend(self) -> None:
        """As the runbooks say: pods of bad engines are deleted and specs corrected; a slow start is waited for."""
        self.stage.kubectl("delete", "pod", "--wait=false", *self.engines)
        self.missing.apply(engine=engine())
        self.wide.apply(parallelism={"tensor": 1})


class AlertWatch:
    """Which alerts fire, and when each first did."""

    def __init__(self, prometheus: PrometheusPod) -> None:
        self._prometheus = prometheus
        self.first: dict[str, float] = {}
        self.since = time.monotonic()

    def firing(self, expected: tuple[FiredAlert, ...]) -> list[str]:
        """Those of these that fire now."""
        lines = [one.labels for one in self._prometheus.query('ALERTS{alertstate="firing"}')]
        now = [one.name for one in expected if any(_is(one, labels) for labels in lines)]
        for name in now:
            self.first.setdefault(name, time.monotonic() - self.since)
        return now

    def all_fire(self, expected: tuple[FiredAlert, ...]) -> None:
        """Wait until each of these has fired."""

        def quiet() -> Missing:
            self.firing(expected)
            return Missing(one.name for one in expected if one.name not in self.first)

        self._wait(quiet, "all alerts fire", FIRES_WITHIN_S)

    def all_clear(self, expected: tuple[FiredAlert, ...]) -> None:
        """Wait until none of these fires."""
        self._wait(lambda: Missing(self.firing(expected)), "all alerts clear", CLEARS_WITHIN_S)

    def _wait(self, read: Callable[[], "Missing"], what: str, within_s: float) -> None:
        try:
            eventually(read, what, within_s)
        except AssertionError as missed:
            raise AssertionError(f"{missed}; Prometheus has {self._prometheus.unreached()}") from missed


class Missing(list[str]):
    """True once it is empty; a failed test shows what is left in it."""

    def __bool__(self) -> bool:
        return len(self) == 0


def _is(one: FiredAlert, labels: Mapping[str, str]) -> bool:
    return one.name == labels["alertname"] and one.labels.items() <= labels.items()


def test_alerts_fire_by_faults_of_a_fleet_and_fall_quiet_after_the_remedy(
    stage: Stage, operated: Operator, tmp_path: Path, record_property: Record
) -> None:
    """seeing.2"""
    leaderless = (FiredAlert("FairleadNoLeader"),)
    with ExitStack() as stack:
        rules = shortened(files.rules(), FACTOR)
        prometheus = stack.enter_context(PrometheusPod(stage.door, operated.image, tmp_path, rules, EVERY_S))
        fleet = DisturbedFleet(stage)
        watch = AlertWatch(prometheus)
        watch.all_clear((*fleet.expected, *leaderless))

        watch.since = time.monotonic()
        fleet.disturb()
        with Traffic(fleet.chat.address()), Traffic(fleet.busy.address(), clients=CROWD):
            watch.all_fire(fleet.expected)
        fleet.mend()
        watch.all_clear(fleet.expected)

        _scale_operator(stage, 0)
        watch.all_fire(leaderless)
        _scale_operator(stage, 2)
        watch.all_clear(leaderless)
    record_property("slowest_seconds", round(max(watch.first.values())))
    record_property("alerts", len(watch.first))
    record_property("factor", FACTOR)


def _serves(one: Deployed) -> bool:
    return one.observe().reason("Ready") == "Serving"


def _scale_operator(stage: Stage, replicas: int) -> None:
    stage.door.kubectl(f"--namespace={NAMESPACE}", "scale", f"deployment/{RELEASE}", f"--replicas={replicas}")
