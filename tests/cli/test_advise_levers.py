"""`fairlead advise` with levers at the bounds of the schema, of the policy, and for traffic of less than a minute."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairlead.backtest import levers, play_notes
from fairlead.backtest.advice import Advice, PlayedLever
from fairlead.backtest.bottlenecks import Bottleneck, Suspicion
from fairlead.cli import advise_text
from fairlead.cli.advise_inputs import ShownAdvice
from tests.backtest.test_advice import PLAYED, SIZES
from tests.cli.conftest import Run
from tests.cli.test_advise import BOTH, FaultyService, plain
from tests.cli.test_tune import POLICY, deployment, written

SUSPICION = Suspicion(bottleneck=Bottleneck.TOO_FEW_REPLICAS, because="9 requests wait on average", levers=())


def scaling(least: int, most: int, sequences: int) -> dict[str, Any]:
    bounds = {"minReplicas": least, "maxReplicas": most, "policy": {"name": "chat"}}
    engine = {"context": {"maxTokens": 8192}, "batching": {"maxSequences": sequences}}
    return deployment(scaling=bounds, engine=engine)


@pytest.mark.parametrize(
    ("document", "absent"),
    [
        (scaling(3, 3, 2), "minReplicas=4"),
        (deployment(scaling=None, replicas=1, engine={"batching": {"maxSequences": 600}}), "maxBatchedTokens=512"),
    ],
)
def test_a_lever_beyond_the_schema_is_passed_over_and_the_others_are_tried(
    run: Run, tmp_path: Path, document: dict[str, Any], absent: str
) -> None:
    """As many at least as at most, and steps of fewer tokens than sequences, are refused."""
    place, traffic = written(tmp_path, document, POLICY), plain(20.0, 500, 150, 300)(tmp_path)
    words = ("advise", place, "--traffic", str(traffic), "--ttft-p95", "300ms", "--tpot-p95", "10ms")
    code, out, err = run(*words, "--cold-start", "60s", "-o", "json")

    assert (code, err) == (1, "")
    tried = [one["lever"] for one in json.loads(out)["levers"]]
    assert "weights=fp8PerTensor" in tried
    assert absent not in tried


def test_warm_replicas_are_one_more_than_the_policy_has_and_a_patch_of_the_policy(run: Run, tmp_path: Path) -> None:
    """Nothing keeps a first token within a millisecond, so every lever is tried."""
    spec = POLICY["spec"] | {"warmPool": {"ready": 1}, "mode": "Recommend"}  # type: ignore[operator]  # a mapping of its own
    place, traffic = written(tmp_path, scaling(1, 4, 64), POLICY | {"spec": spec}), plain(2.0, 500, 50, 60)(tmp_path)
    words = ("advise", place, "--traffic", str(traffic), "--ttft-p95", "1ms", "--cold-start", "60s", "-o", "json")
    found = json.loads(run(*words)[1])
    assert play_notes.RECOMMENDS in found["notes"]
    assert (found["sizes"]["requests"], found["comparable"]) == (60, True)
    assert "warmReplicas=2" in [one["lever"] for one in found["levers"]]

    lever = PlayedLever(suspicion=SUSPICION, lever=levers.read("warmReplicas=2"), played=PLAYED)
    given = Advice(before=replace(PLAYED, report=replace(PLAYED.report, kept=0.1)), sizes=SIZES, tried=(lever,))
    shown = ShownAdvice(name="chat", deployment=scaling(1, 4, 64), policy="own", traffic="", advice=given)
    assert advice_patch(shown) == {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "AutoscalingPolicy",
        "metadata": {"name": "own", "namespace": "team"},
        "spec": {"warmPool": {"ready": 2}},
    }


def test_levers_beyond_the_first_ten_are_counted_below_the_table() -> None:
    more = (
        PlayedLever(suspicion=SUSPICION, lever=levers.read(f"replicas={one}"), played=PLAYED) for one in range(2, 14)
    )
    given = Advice(before=replace(PLAYED, report=replace(PLAYED.report, kept=0.1)), sizes=SIZES, tried=tuple(more))
    shown = ShownAdvice(name="chat", deployment=deployment(replicas=1), policy=None, traffic="", advice=given)
    lines = advise_text.text(shown).splitlines()
    assert "and 2 levers more, in -o json" in lines
    assert [one.split()[0] for one in lines if "TooFewReplicas  " in one] == [f"replicas={one}" for one in range(2, 12)]


def advice_patch(shown: ShownAdvice) -> object:
    """What the text says to apply."""
    return yaml.safe_load(advise_text.text(shown).partition("spec.warmPool.ready: 2\n")[2].partition("\n\n")[0])


def test_the_batch_of_a_busy_service_is_named_though_its_traffic_lasts_half_a_minute(run: Run, tmp_path: Path) -> None:
    service = FaultyService(
        fault="BatchTooSmall",
        product="NVIDIA-L40S",
        traffic=plain(40.0, 500, 150, 1200),
        engine={**BOTH, "batching": {"maxSequences": 4}},
        replicas=8,
    )
    words = ("--traffic", str(service.traffic(tmp_path)), "--ttft-p95", "1s", "--tpot-p95", "100ms", "-o", "json")
    found = json.loads(run("advise", str(service.written(tmp_path)), *words)[1])

    assert found["bottleneck"] == service.fault
    assert yaml.safe_load(json.dumps(found["patch"]))["spec"]["engine"]["batching"]["maxSequences"] > 4


@pytest.mark.parametrize(
    ("engine", "offered"),
    [({"memoryUtilization": "0.50"}, True), ({}, False), ({"memoryUtilization": "0.95"}, False)],
    ids=["less than usual", "the engine's own", "more than usual"],
)
def test_memory_is_offered_only_above_the_present_share(
    run: Run, tmp_path: Path, engine: dict[str, object], *, offered: bool
) -> None:
    """The engine's own share is the usual one; below the present one the cache would be smaller."""
    traffic = plain(4.0, 6000, 500, 200)
    service = FaultyService(fault="", product="NVIDIA-L4", traffic=traffic, engine={**BOTH, **engine})
    words = ("--traffic", str(traffic(tmp_path)), "--ttft-p95", "1s", "--tpot-p95", "100ms", "-o", "json")
    tried = json.loads(run("advise", str(service.written(tmp_path)), *words)[1])["levers"]
    assert ("memoryUtilization=0.92" in [one["lever"] for one in tried]) is offered
