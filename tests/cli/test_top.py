"""`fairlead top`: one table of what every deployment has, needs and costs."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead.cli import top_rows, top_table
from fairlead.cli.cluster_client import DecisionTable
from fairlead.cli.top_rows import TopRow, TopView
from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT
from fairlead.fleet.policies import ScalingReason
from fairlead.scaling.explain import record_codec
from fairlead.scaling.explain.decision_summary import DecisionSummary, summarize
from tests.cli.conftest import Run
from tests.cli.decisions import AT, decided, facts, router
from tests.cli.pretend_cluster import PretendCluster, running

STATUS: dict[str, Any] = {
    "scaling": {"recommended": 2, "reason": "TokenDemand", "message": "two are needed", "asleep": 1},
    "readyReplicas": 1,
    "desiredReplicas": 2,
    "cost": {"perHour": "1.40"},
}
ROW = TopRow(
    namespace="team", name="chat", ready=1, wanted=1, recommended=1, asleep=0, reason="Steady", message="one is enough"
)
SEEN = TopView(rows=(ROW,), at=AT, scope="namespace team")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    """A cluster that the kubeconfig leads to, with one deployment."""
    with running(tmp_path) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        cluster.has("chat", **STATUS)
        yield cluster


def test_figures_come_from_the_deciding_process_and_counts_from_the_object(run: Run, cluster: PretendCluster) -> None:
    cluster.has_operator()
    late = decided(facts(routers=(router(waiting=3.0, held=3.0),), price_per_hour=0.7), at=4e9)
    cluster.pages["/fairlead/v1/decisions"] = record_codec.encode_table([late])
    code, out, err = run("top", "--once")
    heading, titles, row = out.splitlines()
    assert (code, err) == (0, "")
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC  namespace team: 1 deployment, 1 replica ready, 0.70 an hour", heading)
    settings = dict(zip(titles.split(), row.split(), strict=False))
    assert (settings["NAME"], settings["READY"], settings["WANTED"], settings["QUEUE"], settings["RUNNING"]) == (
        "chat",
        "1",
        "2",
        "3",
        "2",
    )
    assert (settings["KV"], settings["COST/H"]) == ("20%", "0.70")


@pytest.mark.usefixtures("cluster")
def test_without_a_process_to_ask_counts_are_there_and_figures_are_dashes(run: Run) -> None:
    code, out, _ = run("top", "-A", "--once")
    lines = out.splitlines()
    assert code == 0
    assert "all namespaces: 1 deployment," in lines[0]
    assert re.sub(r" +", " ", lines[3]) == "team chat 1 2 2+1 - - - - - - - 1.40 TokenDemand two are needed"
    assert lines[1] == (
        "no metrics: no pod of the operator or autoscaler is found; --operator-namespace names its namespace, "
        "--autoscaler its address"
    )


def test_what_is_not_scaled_says_that_it_is_fixed(run: Run, cluster: PretendCluster) -> None:
    cluster.has("fixed", spec={"replicas": 3}, readyReplicas=3)
    _, out, _ = run("top", "--once")
    assert "Fixed" in out
    assert "spec.replicas decides" in out


def test_a_decision_table_that_cannot_be_read_is_reported(run: Run, cluster: PretendCluster) -> None:
    cluster.has_operator()
    cluster.pages["/fairlead/v1/decisions"] = b"<html>"
    _, out, _ = run("top", "--once")
    assert "no metrics: the reply is not a decision of this version" in out


def test_a_leader_that_does_not_answer_is_named_although_a_pod_that_stands_by_answers(
    run: Run, cluster: PretendCluster
) -> None:
    """A pod that stands by has decided about nothing, and says so with 200."""
    for name in ("fairlead-0", "fairlead-1"):
        cluster.has_operator(name=name)
    cluster.pages["/fairlead/v1/decisions"] = record_codec.encode_table([])
    cluster.pages_of["fairlead-0"] = {"/fairlead/v1/decisions": (503, "error trying to reach service: i/o timeout")}
    _, out, _ = run("top", "--once")
    line = out.splitlines()[1]
    assert line.startswith("no metrics: ")
    assert "fairlead-0:9090" in line
    assert "i/o timeout" in line


def test_a_scaled_deployment_that_no_process_decides_about_is_named_and_a_fixed_one_is_not(
    run: Run, cluster: PretendCluster
) -> None:
    cluster.has_operator()
    cluster.has("fixed", spec={"replicas": 3}, readyReplicas=3)
    cluster.pages["/fairlead/v1/decisions"] = record_codec.encode_table([])
    assert run("top", "--once")[1].splitlines()[1] == (
        "no metrics: no process of the operator has decided about infd/chat in team in the last 120 s; "
        "`fairlead explain` says why"
    )
    cluster.has("mail", **STATUS)
    assert "about infd/chat in team and 1 more in the last" in run("top", "--once")[1]
    late = [decided(at=4e9, name=name) for name in ("chat", "mail")]
    cluster.pages["/fairlead/v1/decisions"] = record_codec.encode_table(late)
    assert "no metrics" not in run("top", "--once")[1]


def test_a_deployment_whose_policy_is_missing_is_named_with_that_and_one_being_deleted_is_not(
    run: Run, cluster: PretendCluster
) -> None:
    """A process of the operator does look at them, and has nothing to decide."""
    cluster.has_operator()
    cluster.pages["/fairlead/v1/decisions"] = record_codec.encode_table([])
    held = {"recommended": 1, "reason": "NoPolicy", "message": "held: policy nights does not exist"}
    cluster.has("chat", scaling=held)
    cluster.has("mail", scaling=held)
    assert run("top", "--once")[1].splitlines()[1] == (
        "no metrics: nothing is decided about infd/chat in team and 1 more; held: policy nights does not exist"
    )
    cluster.has("post", **STATUS)
    assert "no process of the operator has decided about infd/post in team in the" in run("top", "--once")[1]

    spec, names = {"scaling": {"maxReplicas": 2}}, {"namespace": "team", "name": "chat"}
    nothing = DecisionTable(summaries=(), trouble="")
    assert top_rows.trouble([{"metadata": names, "spec": spec}], nothing, AT)
    ending = names | {"deletionTimestamp": "2026-11-29T02:00:00Z"}
    assert not top_rows.trouble([{"metadata": ending, "spec": spec}], nothing, AT)


@pytest.mark.usefixtures("cluster")
def test_json_is_for_programs(run: Run) -> None:
    code, out, _ = run("top", "-o", "json")
    document = json.loads(out)
    assert code == 0
    assert document["rows"][0]["cost_per_hour"] == 1.4


@pytest.mark.usefixtures("cluster")
def test_an_empty_namespace_is_reported_with_the_flag_for_all_namespaces(run: Run) -> None:
    _, out, _ = run("top", "-n", "elsewhere", "--once")
    assert "there is no InferenceDeployment here; -A looks everywhere" in out


def test_a_cluster_without_deployments_is_not_answered_with_the_flag_that_was_given(
    run: Run, cluster: PretendCluster
) -> None:
    cluster.remove(INFERENCE_DEPLOYMENT, "team", "chat")
    _, out, _ = run("top", "-A", "--once")
    assert out.splitlines()[-1] == "there is no InferenceDeployment here"


def test_without_a_cluster_the_error_names_the_missing_kubeconfig(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    code, _, err = run("top", "--once")
    assert code == 1
    assert "there is no such file" in err


def test_an_old_decision_says_nothing_any_more() -> None:
    deployment = {
        "metadata": {"namespace": "team", "name": "chat"},
        "spec": {"scaling": {"maxReplicas": 2}},
        "status": STATUS,
    }
    (fresh,) = top_rows.rows([deployment], [summarize(decided())], AT + 60)
    (old,) = top_rows.rows([deployment], [summarize(decided())], AT + 600)
    assert (fresh.running, old.running) == (2.0, None)
    assert old.reason == "TokenDemand"


def test_supply_is_that_of_all_replicas() -> None:
    figures = {"need.replicas": 0.2, "supply.replicas": 4.0, "demand.requestsPerSecond": 0.5}
    seen = DecisionSummary(
        namespace="team",
        name="chat",
        now=AT,
        version="1",
        reason=ScalingReason.STEADY,
        message="",
        replicas=4,
        wanted=4,
        ttft_kept=0.25,
        tpot_seconds=1.5,
        figures=figures,
    )
    deployment = {"metadata": {"namespace": "team", "name": "chat"}, "spec": {"scaling": {"maxReplicas": 4}}}
    row = top_rows.rows([deployment | {"status": {"cost": {"perHour": "much"}}}], [seen], AT)[0]
    assert (row.demand, row.supply, row.cost_per_hour) == (0.5, 10.0, None)
    line = top_table.as_lines(TopView(rows=(row,), at=AT, scope=""), width=None, colour=False)[2]
    assert re.sub(r" +", " ", line) == "team chat 0 - 4 - - - 0.50/s 10.0/s 25% 1.5s - Steady"


@pytest.mark.parametrize(
    ("row", "shade"),
    [
        (ROW, ""),
        (replace(ROW, held=2.0), top_table.RED),
        (replace(ROW, doubts=1), top_table.YELLOW),
        (replace(ROW, wanted=3), top_table.YELLOW),
    ],
)
def test_who_waits_is_red_and_what_is_on_its_way_is_yellow(row: TopRow, shade: str) -> None:
    line = top_table.as_lines(replace(SEEN, rows=(row,)), width=None, colour=True)[2]
    assert line.startswith(shade or "team")
    assert line.endswith(top_table.PLAIN if shade else "enough")


def test_a_narrow_terminal_cuts_lines() -> None:
    lines = top_table.as_lines(SEEN, width=40, colour=False)
    assert {len(line) for line in lines} == {40}
    assert lines[1].endswith("…")
