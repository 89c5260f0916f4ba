"""A policy's spec becomes the values that the autoscaler decides by."""

from decimal import Decimal

import pytest

from fairlead.api import policy_conversion
from fairlead.api.kinds import POLICY
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.policies import (
    ColdStart,
    Objectives,
    PrometheusAccess,
    ScalingPace,
    ScalingPolicy,
    ScheduleWindow,
    SignalTargets,
)
from tests.api.objects import given


def test_the_least_policy_is_the_built_in_one() -> None:
    assert policy_conversion.policy(given({}, POLICY).spec) == ScalingPolicy()


def test_every_field_of_a_policy_arrives() -> None:
    spec = {
        "mode": "Recommend",
        "objectives": {"ttftP95": "1s", "tpotP95": "60ms", "queueTimeP95": "2s"},
        "signals": {"queueDepth": {"targetPerReplica": 3}, "kvCache": {"target": "0.7"}, "tokens": {"headroom": "0.2"}},
        "behavior": {
            "scaleUp": {"maxStep": 2, "maxFactor": "1.5"},
            "scaleDown": {"stabilizationWindowSeconds": 60, "maxStep": 2},
        },
        "coldStart": {"assume": "110s", "learn": False},
        "idle": {"scaleToZero": {"after": "15m"}},
        "schedules": [
            {
                "name": "a",
                "cron": "0 8 * * 1-5",
                "timeZone": "Europe/Berlin",
                "duration": "2h",
                "minReplicas": 1,
                "maxReplicas": 4,
            }
        ],
        "budget": {"maxCostPerHour": "12.50"},
        "metrics": {
            "source": "Prometheus",
            "prometheus": {
                "url": "http://prometheus:9090",
                "tokenSecret": {"name": "t", "key": "k"},
                "caSecret": {"name": "c", "key": "k"},
            },
            "staleAfter": "1m",
        },
    }
    assert policy_conversion.policy(given(spec, POLICY).spec) == ScalingPolicy(
        objectives=Objectives(ttft_p95_seconds=1.0, tpot_p95_seconds=0.06, queue_time_p95_seconds=2.0),
        signals=SignalTargets(queue_per_replica=3, kv_target=0.7, token_headroom=0.2),
        pace=ScalingPace(up_max_step=2, up_max_factor=1.5, down_after_seconds=60.0, down_max_step=2),
        cold_start=ColdStart(assume_seconds=110.0, learn=False),
        zero_after_seconds=900.0,
        schedules=(
            ScheduleWindow(
                name="a",
                cron="0 8 * * 1-5",
                time_zone="Europe/Berlin",
                duration_seconds=7200.0,
                min_replicas=1,
                max_replicas=4,
            ),
        ),
        max_cost_per_hour=Decimal("12.50"),
        prometheus=PrometheusAccess(
            url="http://prometheus:9090", token=SecretKey(name="t", key="k"), ca=SecretKey(name="c", key="k")
        ),
        stale_after_seconds=60.0,
        active=False,
    )


@pytest.mark.parametrize(
    ("signals", "looked_at"),
    [
        ({"queueDepth": {}}, SignalTargets(kv_target=None, token_headroom=None)),
        ({"kvCache": {}}, SignalTargets(queue_per_replica=None, token_headroom=None)),
        ({"tokens": {}}, SignalTargets(queue_per_replica=None, kv_target=None)),
    ],
)
def test_naming_a_signal_switches_the_others_off(signals: object, looked_at: SignalTargets) -> None:
    assert policy_conversion.policy(given({"signals": signals}, POLICY).spec).signals == looked_at


def test_a_prometheus_may_need_no_secrets() -> None:
    spec = {"metrics": {"source": "Prometheus", "prometheus": {"url": "http://prometheus:9090"}}}
    assert policy_conversion.policy(given(spec, POLICY).spec).prometheus == PrometheusAccess(
        url="http://prometheus:9090"
    )
