"""Other projects' autoscalers against the examples that their own projects document or test.

Each row names the source of its example. What is added to it (bounds, times) changes nothing of it.
"""

import pytest

from fairlead.simulator.virtual_fleet.baselines.aibrix import AibrixAutoscaler, AibrixSettings, usage
from fairlead.simulator.virtual_fleet.baselines.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    HpaBehaviour,
)
from fairlead.simulator.virtual_fleet.baselines.keda import KedaAutoscaler, KedaTrigger
from fairlead.simulator.virtual_fleet.baselines.knative import KnativeAutoscaler, KnativeSettings
from fairlead.simulator.virtual_fleet.baselines.sample_windows import SampleWindow
from fairlead.simulator.virtual_fleet.baselines.workload_variant import (
    ReplicaPeak,
    SaturationSettings,
    WorkloadVariantAutoscaler,
    WvaBehaviour,
)
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines, ReplicaStage, SimulatedReplica
from tests.simulator.virtual_fleet.small_engine import SmallEngine
from tests.simulator.virtual_fleet.test_horizontal import snapshot_of


class LoadedEngine(SmallEngine):
    """Reports the figures that a test sets."""

    def __init__(self, kv_usage: float, queue: int = 0) -> None:
        super().__init__()
        self._kv_usage, self._queue = kv_usage, queue

    @property
    def usage(self) -> float:
        return self._kv_usage

    @property
    def waiting(self) -> int:
        return self._queue


def loaded(at: float, *usages: float, starting: int = 0, queue: int = 0) -> FleetSnapshot:
    replicas = [
        SimulatedReplica(place, f"replica-{place}", ReplicaEngines((LoadedEngine(one, queue),)), 1, 0.0)
        for place, one in enumerate(usages)
    ]
    for one in replicas:
        one.stage = ReplicaStage.READY
    return FleetSnapshot(
        at=at, starting=starting, ready=len(usages), draining=0, held=0, waiting=0, running=0, usage=0.0,
        arrived=0, ended=0, prompt_tokens=0, output_tokens=0, replicas=replicas,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "loads", "answer"),
    [
        (100.0, (200, 200), 4),
        (100.0, (50, 50, 50, 50), 2),
        (100.0, (105, 105), 2),
    ],
)
def test_hpa_as_its_page_explains_the_algorithm(target: float, loads: tuple[int, ...], answer: int) -> None:
    """kubernetes.io, "Horizontal Pod Autoscaling", "Algorithm details": 200m of 100m doubles, 50m halves, a tenth is
    within tolerance. Halving waits for the stabilization window, so that is left out here."""
    behaviour = HpaBehaviour(down_window_s=0.001)
    scaler = HorizontalPodAutoscaler(target, lambda one: float(one.requests), behaviour)
    scaler.wanted(snapshot_of(0.0, *([int(target)] * len(loads))))

    assert scaler.wanted(snapshot_of(15.0, *loads)) == answer


def test_keda_as_its_scalers_page_explains_a_queue_length() -> None:
    """keda.sh, "RabbitMQ Queue" and others: one pod can handle 10 messages, 30 are in the queue, so 3 pods."""
    scaler = KedaAutoscaler(KedaTrigger(threshold=10.0))

    assert scaler.wanted(snapshot_of(0.0, 1, waits=30)) == 3


@pytest.mark.parametrize(
    ("settings", "ready", "concurrency", "answer", "source"),
    [
        (KnativeSettings(target=10 * 0.7), 1, 7.0, 1, "page Concurrency: up to 7 of 10 at 70 %"),
        (KnativeSettings(target=10 * 0.7), 1, 7.1, 2, "page Concurrency: from there on another replica"),
        (KnativeSettings(target=10 * 0.7), 1, 100.0, 15, "ACK's page of KPA: 100 / (10 x 0.7) = 15"),
        (KnativeSettings(target=1.0, up_rate=1.1), 2, 3.0, 3, "autoscaler.go: MSUR=1.1, OCC=3, RPC=2, TV=1"),
        (KnativeSettings(target=1.0), 8, 1.0, 4, "page KPA: max-scale-down-rate 2.0 halves at most"),
    ],
)
def test_knative_as_its_pages_and_its_code_explain(
    settings: KnativeSettings, ready: int, concurrency: float, answer: int, source: str
) -> None:
    assert KnativeAutoscaler(settings).answer(0.0, ready, concurrency, concurrency) == answer, source


def test_knative_does_not_shrink_until_a_stable_window_after_it_panicked() -> None:
    """knative.dev, "KPA-specific": in panic mode it does not scale down, and it leaves it after a stable window."""
    scaler = KnativeAutoscaler(KnativeSettings(target=1.0))

    assert scaler.answer(0.0, 2, 2.0, 8.0) == 8
    assert scaler.answer(30.0, 8, 2.0, 2.0) == 8
    assert scaler.answer(60.5, 8, 2.0, 2.0) == 4


def test_knative_sees_all_in_flight_over_both_windows_and_begins_as_after_a_panic() -> None:
    scaler = KnativeAutoscaler(KnativeSettings(target=10.0, most=5))

    assert scaler.wanted(snapshot_of(0.0, 9, 9, 9)) == 3
    assert scaler.wanted(snapshot_of(2.0, 30, 40, held=300)) == 5
    alone = KnativeAutoscaler(KnativeSettings(target=10.0, least=0))
    assert [alone.wanted(snapshot_of(2.0 * turn, 0)) for turn in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("pods", "per_pod", "rates", "answer", "name"),
    [
        (2, 45.0, (2.0, 2.0), 3, "basic_scale_up"),
        (2, 35.0, (2.0, 2.0), 3, "scale_up_upto_ceiling"),
        (2, 90.0, (2.0, 2.0), 4, "scale_up_upto_max_scale_up"),
        (2, 90.0, (2.5, 2.0), 5, "scale_up_upto_max_scale_up_ceiling"),
        (6, 20.0, (2.0, 2.0), 4, "basic_scale_down"),
        (6, 18.0, (2.0, 2.0), 4, "scale_down_upto_ceiling"),
        (6, 10.0, (2.0, 2.0), 3, "scale_down_upto_max_scale_down"),
        (6, 5.0, (2.0, 2.5), 2, "scale_down_upto_max_scale_down_floor"),
        (2, 33.0, (2.0, 2.0), 2, "no_scaling_as_within_up_tolerance"),
        (2, 27.0, (2.0, 2.0), 2, "no_scaling_as_within_down_tolerance"),
    ],
)
def test_aibrix_as_its_own_table_test(
    pods: int, per_pod: float, rates: tuple[float, float], answer: int, name: str
) -> None:
    """vllm-project/aibrix, `pkg/controller/podautoscaler/algorithm/apa_test.go`: a target of 30, tolerances of 0.1."""
    up, down = rates
    assert AibrixSettings(target=30.0, up_rate=up, down_rate=down).answer(pods, per_pod) == answer, name


def test_aibrix_counts_pods_that_start_and_shrinks_only_to_the_highest_of_five_minutes() -> None:
    """`autoscaler.go`: when growing, starting pods count as idle; when shrinking, as on target."""
    scaler = AibrixAutoscaler(AibrixSettings(target=0.5, most=9))
    assert scaler.wanted(loaded(0.0, 0.8, 0.8)) == 4
    assert scaler.wanted(loaded(10.0, 0.8, 0.8, starting=2)) == 4, "four would be at 0.4 of 0.5"
    shrinking = AibrixAutoscaler(AibrixSettings(target=0.5))
    answers = [shrinking.wanted(loaded(10.0 * turn, 0.2, 0.2, 0.2, 0.2)) for turn in range(2)]
    assert answers == [2, 2]
    assert shrinking.wanted(loaded(20.0, 0.2, 0.2, starting=2)) == 3, "two on target and two fifths of two"
    assert shrinking.wanted(loaded(30.0, 0.8, 0.8)) == 2, "the window's mean is below the target"
    assert shrinking.wanted(loaded(40.0, starting=1)) == 1, "with nobody to ask it stands still"


@pytest.mark.parametrize(
    ("usages", "target", "source"),
    [
        ((0.65, 0.72), 2, "saturation-scaling-config.md: 0.115 to spare on average, no scale-up yet"),
        ((0.65, 0.75), 3, "saturation-scaling-config.md: 0.10 to spare, scale-up triggered"),
        ((0.85, 0.9), 3, "saturation-analyzer.md: none is left that is not saturated"),
        ((0.2, 0.2), 1, "saturation-analyzer.md: one of two could carry both"),
        ((0.2,), 1, "saturation-analyzer.md: at least two are needed to shrink"),
        ((0.3, 0.45), 2, "saturation-analyzer.md: one alone would have 0.05 to spare"),
    ],
)
def test_wva_as_its_pages_explain_it(usages: tuple[float, ...], target: int, source: str) -> None:
    """llm-d/llm-d-workload-variant-autoscaler, docs."""
    assert SaturationSettings().target([ReplicaPeak(one, 0.0) for one in usages]) == target, source


def test_wva_with_five_replicas_as_in_its_page_on_several_variants() -> None:
    """saturation-analyzer.md, "Multi-Variant Analysis": five replicas, none saturated. By its rules 0.15 of cache and
    3.2 of queue are to spare, and four would have none: it stays."""
    peaks = [ReplicaPeak(*one) for one in ((0.70, 2), (0.75, 3), (0.60, 1), (0.65, 2), (0.55, 1))]

    assert SaturationSettings().target(peaks) == 5
    assert SaturationSettings().target([*peaks[:4], ReplicaPeak(0.55, 4.0)]) == 6, "2.6 of queue are less than 3"


def test_wva_decides_once_a_minute_and_its_hpa_waits_four_minutes() -> None:
    """hpa-integration.md: 240 s of stabilization both ways, ten pods in 150 s."""
    scaler = WorkloadVariantAutoscaler(SaturationSettings(), WvaBehaviour())
    up = [scaler.wanted(loaded(15.0 * turn, 0.75, 0.75)) for turn in range(18)]
    assert up == [2] * 16 + [3, 3]
    down = [scaler.wanted(loaded(270.0 + 15.0 * turn, 0.1, 0.1, 0.1)) for turn in range(24)]
    assert (down[0], down[-1]) == (3, 2)


def test_wva_changes_nothing_while_no_replica_answers_and_within_a_tenth_of_the_target() -> None:
    scaler = WorkloadVariantAutoscaler(SaturationSettings(), WvaBehaviour())
    assert scaler.wanted(loaded(0.0, starting=2)) == 2
    leaving = loaded(15.0, 0.1, 0.1)
    leaving.replicas[1].stage = ReplicaStage.DRAINING
    assert scaler.wanted(leaving) == 2, "who drains is not counted, and one alone does not shrink"
    many = WorkloadVariantAutoscaler(SaturationSettings(), WvaBehaviour())
    answers = {many.wanted(loaded(15.0 * turn, *[0.75] * 12)) for turn in range(30)}
    assert answers == {12}, "thirteen of twelve is within the HPA's tolerance"


def test_a_window_forgets_what_is_older_than_it() -> None:
    window = SampleWindow(10.0)
    for at, value in ((0.0, 9.0), (5.0, 1.0), (10.0, 3.0)):
        window.add(at, value)

    assert (len(window), window.mean, window.least, window.most) == (2, 2.0, 1.0, 3.0)


def test_usage_is_the_mean_of_a_replicas_engines() -> None:
    one = SimulatedReplica(0, "a", ReplicaEngines((LoadedEngine(0.2), LoadedEngine(0.6)), lambda _: 0), 1, 0.0)

    assert usage(one) == pytest.approx(0.4)
