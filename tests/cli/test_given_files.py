"""Files to play that contradict each other, or that admission refuses."""

import json
from pathlib import Path

import pytest

from tests.cli.candidate_files import CANDIDATES
from tests.cli.conftest import Run

FIXED, SCALED, POLICY = CANDIDATES.split("---")
STRICT = POLICY.replace("2s", "1ms")


def written(folder: Path, name: str, *documents: str) -> str:
    (folder / name).write_text("---".join(documents))
    return str(folder / name)


@pytest.mark.parametrize("swapped", [False, True])
def test_two_versions_of_a_service_are_each_played_with_the_policy_of_their_own_file(
    run: Run, files: Path, swapped: bool
) -> None:
    old, new = written(files, "old.yaml", SCALED, POLICY), written(files, "new.yaml", SCALED, STRICT)
    order = (new, old) if swapped else (old, new)
    code, out, err = run("simulate", *order, "--traffic", str(files / "steady.csv"), "-o", "json")
    assert (code, err) == (0, "")
    found = {one["name"]: (one["objectives"]["ttftP95Seconds"], one["keeps"]) for one in json.loads(out)["candidates"]}
    assert found == {f"scaled, {old} (document 1)": (2.0, True), f"scaled, {new} (document 1)": (0.001, False)}


@pytest.mark.parametrize("command", ["simulate", "advise", "tune"])
def test_a_second_policy_of_one_name_is_refused_where_it_is_open_which_counts(
    run: Run, files: Path, command: str
) -> None:
    old, new = written(files, "old.yaml", SCALED, POLICY), written(files, "new.yaml", STRICT)
    code, out, err = run(command, old, new, "--traffic", str(files / "steady.csv"))
    assert (code, out) == (2, "")
    assert f"{new}: a second AutoscalingPolicy default/chat; the first is in {old} (document 2); keep one" in err
    both = written(files, "both.yaml", SCALED, POLICY, STRICT)
    assert run(command, both, "--traffic", str(files / "steady.csv"))[0] == 2


def test_a_deployment_without_a_policy_of_its_own_gets_none_of_two_that_differ(run: Run, files: Path) -> None:
    old, new = written(files, "old.yaml", SCALED, POLICY), written(files, "new.yaml", SCALED, STRICT)
    third = written(files, "third.yaml", SCALED.replace("name: scaled", "name: third"))
    code, _, err = run("simulate", old, new, third, "--traffic", str(files / "steady.csv"))
    assert code == 2
    assert err.startswith("fairlead simulate: third: PolicyMissing: its policy chat")


@pytest.mark.parametrize("command", ["simulate", "advise", "tune"])
@pytest.mark.parametrize(
    ("policy", "because"),
    [
        (POLICY + "  signals: {queueDept: {target: 3}}\n", "spec.signals.queueDept: "),
        (POLICY + "  signals: {kvCache: {target: '7.5'}}\n", "spec.signals.kvCache.target: 7.5: "),
        (POLICY + "  behavior: {scaleUp: {maxStep: -4}}\n", "spec.behavior.scaleUp.maxStep: -4: "),
    ],
)
def test_a_policy_that_admission_refuses_is_not_played(
    run: Run, files: Path, command: str, policy: str, because: str
) -> None:
    place = written(files, "odd.yaml", SCALED, policy)
    code, out, err = run(command, place, "--traffic", str(files / "steady.csv"))
    assert (code, out) == (2, "")
    assert f"{place} (document 2): {because}" in err
    assert run("validate", place)[0] == 1, "as validate refuses it"


def test_a_misspelt_kind_or_field_is_reported_with_what_to_write(run: Run, files: Path) -> None:
    words = ("--traffic", str(files / "steady.csv"))
    place = written(files, "kind.yaml", FIXED.replace("kind: InferenceDeployment", "kind: InferenceDeploymnt"))
    code, _, err = run("simulate", place, *words)
    assert (code, f"{place}: kind: InferenceDeploymnt: " in err) == (2, True)
    assert "write kind: InferenceDeployment" in err
    place = written(files, "field.yaml", FIXED.replace("replicas: 2", "replica: 2"))
    code, _, err = run("simulate", place, *words)
    assert code == 2
    assert (
        err
        == f"fairlead simulate: {place}: spec.replica: (not shown): there is no such field; did you mean replicas?\n"
    )
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
    assert run("simulate", written(files, "secret.yaml", secret, FIXED), *words)[0] == 0, "not ours, so left alone"
