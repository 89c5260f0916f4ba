"""The chart's pods while they end, are evicted, or get flags of the user's own."""

from pathlib import Path
from typing import Any, Final

import pytest

from house import chart_manifests
from house.chart_manifests import Manifest, Refused

SEPARATE: Final[dict[str, Any]] = {"autoscaler": {"separate": True, "replicas": 2}}


def containers(helm: Path, values: dict[str, Any]) -> dict[str, Manifest]:
    """The container of each Deployment, by its name."""
    found = [one for one in chart_manifests.template(helm, values) if one["kind"] == "Deployment"]
    return {one["name"]: one for each in found for one in each["spec"]["template"]["spec"]["containers"]}


def budgets(helm: Path, values: dict[str, Any]) -> dict[str, Manifest]:
    """The disruption budgets by name."""
    found = [one for one in chart_manifests.template(helm, values) if one["kind"] == "PodDisruptionBudget"]
    return {one["metadata"]["name"]: one["spec"] for one in found}


def test_an_operator_that_ends_answers_reviews_until_no_api_server_sends_it_one(helm: Path) -> None:
    """With webhook.failurePolicy=Fail, a pod that stopped at once had writes refused in each upgrade and drain."""
    operator = containers(helm, {})["operator"]
    (deployment,) = [one for one in chart_manifests.template(helm) if one["kind"] == "Deployment"]
    wait = operator["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert wait == 5
    grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace - wait > 20, "Kopf may take 20 s to end"
    assert "lifecycle" not in containers(helm, {"webhook": {"enabled": False}})["operator"]


def test_separate_autoscalers_are_evicted_one_by_one_as_operators_are(helm: Path) -> None:
    both = budgets(helm, SEPARATE)
    assert list(both) == ["fairlead", "fairlead-autoscaler"]
    selected = {name: spec["selector"]["matchLabels"] for name, spec in both.items()}
    pods = {
        one["metadata"]["name"]: one["spec"]["selector"]["matchLabels"]
        for one in chart_manifests.template(helm, SEPARATE)
        if one["kind"] == "Deployment"
    }
    assert selected == pods
    assert {spec["maxUnavailable"] for spec in both.values()} == {1}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, ["fairlead"]),
        ({"autoscaler": {"separate": True, "replicas": 1}}, ["fairlead"]),
        (SEPARATE | {"replicas": 1}, ["fairlead-autoscaler"]),
        (SEPARATE | {"podDisruptionBudget": {"enabled": False}}, []),
    ],
    ids=["no autoscaler apart", "one autoscaler", "one operator", "switched off"],
)
def test_a_single_pod_has_no_budget_which_would_only_hold_up_a_drain(
    helm: Path, values: dict[str, Any], names: list[str]
) -> None:
    assert list(budgets(helm, values)) == names


@pytest.mark.parametrize("flag", ["--host", "--health-port", "--metrics-port", "--webhook-port"])
@pytest.mark.parametrize("words", [["{}=1"], ["{}", "1"]], ids=["one word", "two words"])
def test_flags_that_move_what_probes_and_services_reach_are_refused(helm: Path, flag: str, words: list[str]) -> None:
    with pytest.raises(Refused, match="the pod would never be ready; leave it out"):
        chart_manifests.template(helm, {"extraArgs": [word.format(flag) for word in words]})


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--decide-second=2"], "--decide-second=2"),
        (["--decide-seconds 2"], "--decide-seconds 2"),
        (["--decide-seconds=2", "3"], "3"),
        (["--lease-seconds", "-v"], "-v"),
        (["15"], "15"),
    ],
)
def test_a_flag_that_the_operator_does_not_know_is_refused(helm: Path, words: list[str], named: str) -> None:
    """Its pods would end at once, and Helm would report success."""
    with pytest.raises(Refused) as refused:
        chart_manifests.template(helm, {"extraArgs": words})
    assert f'extraArgs: "{named}": the operator knows no such flag' in str(refused.value).replace("\\", "")


@pytest.mark.parametrize(
    ("extra", "reach"),
    [
        (["--decide-seconds=2"], ["--decide-seconds=2"]),
        (["--decide-seconds", "2"], ["--decide-seconds", "2"]),
        (["--identity", "me", "--lease-seconds", "30", "--decide-seconds=2"], ["--lease-seconds", "30"]),
    ],
)
def test_flags_of_the_loop_reach_the_pods_that_run_it(helm: Path, extra: list[str], reach: list[str]) -> None:
    found = containers(helm, SEPARATE | {"extraArgs": extra})
    assert found["operator"]["args"][-len(extra) :] == extra
    args = found["autoscaler"]["args"]
    assert args[args.index(reach[0]) :][: len(reach)] == reach
    assert not {"--identity", "me"} & set(args)
