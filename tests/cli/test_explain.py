"""`fairlead explain`: why it has this many replicas, from the cluster or a file; a plain message where it cannot."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT, LEASE, POD
from fairlead.scaling.explain import record_codec
from fairlead.scaling.facts import SampleProblem
from tests.cli.conftest import Run
from tests.cli.decisions import decided, facts, pod, router
from tests.cli.pretend_cluster import SCALING, PretendCluster


@pytest.mark.usefixtures("cluster")
def test_it_says_what_it_has_why_and_what_would_change_it(run: Run) -> None:
    code, out, err = run("explain", "infd/chat")
    assert (code, err) == (0, "")
    assert out.startswith("infd/chat in team: 1 replica (")
    assert "1 ready; by policy interactive, decided " in out
    assert "\nWhy\n  " in out
    assert "\nWhat would change it\n" in out
    assert "\nLately\n  2026-11-20T12:00:00Z  2 → 1  Steady: quiet" in out


@pytest.mark.usefixtures("cluster")
def test_json_holds_the_whole_record(run: Run) -> None:
    code, out, _ = run("explain", "-o", "json", "chat", "-n", "team")
    document = json.loads(out)
    assert code == 0
    assert record_codec.decode(json.dumps(document["record"])) == decided()
    assert document["status"]["reason"] == "Steady"


def test_a_canary_is_named_beside_the_decision(run: Run, cluster: PretendCluster) -> None:
    message = "step 2 of 3: 10 % of the conversations, held for 600 seconds"
    running = {"type": "Progressing", "status": "True", "reason": "CanaryRunning", "message": message}
    served = {"type": "Ready", "status": "True", "reason": "Serving", "message": "1 replica serves"}
    cluster.has("chat", scaling=SCALING, readyReplicas=1, conditions=[served, running])
    _, out, _ = run("explain", "-o", "json", "chat", "-n", "team")
    assert f"Its canary: {message}; `fairlead rollout status infd/chat` shows its gates." in json.loads(out)["notes"]


def test_without_a_process_to_ask_the_object_says_what_it_can(run: Run, cluster: PretendCluster) -> None:
    cluster.pages.clear()
    code, out, _ = run("explain", "chat")
    assert code == 0
    assert out.startswith("infd/chat in team: 1 replica (Steady), 1 ready")
    assert "one is enough" in out
    assert "The arithmetic cannot be shown: no process of the operator has decided about it" in out


def leased(cluster: PretendCluster, holder: str, ago_s: float) -> None:
    """The operator's Lease, renewed this long ago; and the status, written a minute earlier."""
    moment = datetime.now(tz=UTC) - timedelta(seconds=ago_s)  # noqa: TID251  # it plays an operator
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": moment.isoformat()}
    name = {"name": "fairlead-controller", "namespace": "fairlead-system"}
    cluster.put(LEASE, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": name, "spec": spec})
    live = cluster.objects.held[(INFERENCE_DEPLOYMENT.title, "team", "chat")]
    at = (moment - timedelta(seconds=60)).isoformat()
    texts = [{"manager": "fairlead-controller", "subresource": "status", "time": at}]
    status = live["status"] | {"selector": at}
    cluster.put(
        INFERENCE_DEPLOYMENT, live | {"metadata": live["metadata"] | {"managedFields": texts}, "status": status}
    )


@pytest.mark.trial(8)
def test_a_status_that_no_operator_updates_any_more_is_reported_as_old(run: Run, cluster: PretendCluster) -> None:
    """After an uninstall it says Serving forever."""
    cluster.pages.clear()
    leased(cluster, "fairlead-x", 7200)
    _, out, _ = run("explain", "chat")
    assert (
        "No operator is at work: fairlead-x has not renewed the Lease fairlead-system/fairlead-controller since 2 h"
        in out
    )
    assert "the status was last changed 2 h ago, at 20" in out
    assert "\n  Engines and routers go on by themselves." in out, "a line of its own"
    assert "\\n" not in out
    leased(cluster, "", 120)
    assert "no process holds the Lease fairlead-system/fairlead-controller since 2 min ago" in run("explain", "chat")[1]
    cluster.has("fixed", spec={"replicas": 3})
    assert "No operator is at work: " in run("explain", "fixed")[2]
    cluster.remove(LEASE, "fairlead-system", "fairlead-controller")
    assert "there is no Lease fairlead-system/fairlead-controller" in run("explain", "chat")[1]


@pytest.mark.trial(8)
def test_a_status_that_is_kept_up_to_date_names_the_process_that_updates_it(run: Run, cluster: PretendCluster) -> None:
    cluster.pages.clear()
    leased(cluster, "fairlead-x", 3)
    _, out, _ = run("explain", "chat")
    assert "The status was last changed 6" in out
    assert "fairlead-x renewed the Lease fairlead-system/fairlead-controller " in out
    assert " s ago, so it is current." in out
    cluster.forbidden.add(("get", LEASE.title))
    _, out, _ = run("explain", "chat")
    assert "whether an operator keeps it up to date is not known: " in out


@pytest.mark.parametrize(
    ("words", "code", "answer"),
    [
        (("explain",), 2, "name a deployment, for instance `fairlead explain infd/chat`"),
        (("explain", "pod/chat"), 2, "only InferenceDeployments are scaled: write infd/chat"),
        (("explain", "infd/"), 2, "the name is missing"),
        (("explain", "infd/.."), 2, "cannot be the name of an object"),
        (("explain", "infd/chta"), 1, "there is no InferenceDeployment chta in namespace team: there are: chat"),
        (("explain", "chat", "-n", "elsewhere"), 1, "there are none at all; -n names another"),
    ],
)
@pytest.mark.usefixtures("cluster")
def test_invalid_arguments_get_a_plain_sentence(run: Run, words: tuple[str, ...], code: int, answer: str) -> None:
    got, out, err = run(*words)
    assert (got, out) == (code, "")
    assert answer in err


def test_what_is_not_scaled_says_what_decides_instead(run: Run, cluster: PretendCluster) -> None:
    cluster.has("fixed", spec={"replicas": 3})
    code, _, err = run("explain", "fixed")
    assert code == 1
    assert "spec.scaling is not set, so spec.replicas (3) decides; set spec.scaling" in err


def test_without_a_recommendation_yet_it_says_what_hinders_it(run: Run, cluster: PretendCluster) -> None:
    refused = {"type": "Accepted", "status": "False", "reason": "DoesNotFit", "message": "too large"}
    cluster.has("new", conditions=[refused])
    code, _, err = run("explain", "new")
    assert code == 1
    assert "infd/new in team has no recommendation yet; Accepted=False: DoesNotFit: too large" in err
    assert "is an autoscaler running?" in err


def test_a_cluster_without_the_kinds_of_fairlead_is_reported(run: Run, cluster: PretendCluster) -> None:
    cluster.absent.add("inferencedeployments.fairlead.dev")
    code, _, err = run("explain", "chat")
    assert code == 1
    assert "is Fairlead installed in this cluster?" in err


def test_without_a_cluster_the_error_names_the_missing_kubeconfig(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    code, _, err = run("explain", "chat")
    assert code == 1
    assert "there is no such file; name one" in err


def test_without_permission_to_list_pods_everywhere_the_usual_namespace_is_searched(
    run: Run, cluster: PretendCluster
) -> None:
    cluster.forbidden.add(("list", "pods"))
    code, out, _ = run("explain", "chat")
    assert code == 0
    assert "listing the operator's pods is forbidden" in out
    assert "--operator-namespace names its namespace" in out


def test_with_rights_only_in_the_operators_namespace_naming_it_is_enough(run: Run, cluster: PretendCluster) -> None:
    cluster.granted_in["list", "pods"] = "fairlead-system"
    assert "arithmetic cannot be shown" not in run("explain", "chat")[1]
    cluster.remove(POD, "fairlead-system", "fairlead-0")
    cluster.has_operator(namespace="ops")
    cluster.granted_in["list", "pods"] = "ops"
    assert "listing the operator's pods is forbidden" in run("explain", "chat")[1]
    assert "arithmetic cannot be shown" not in run("explain", "chat", "--operator-namespace", "ops")[1]
    cluster.granted_in["list", "pods"] = "fairlead-system"
    out = run("explain", "chat", "--operator-namespace", "fairlead-system")[1]
    assert "no pod of the operator or autoscaler is found in fairlead-system; --operator-namespace names its" in out


def test_a_missing_permission_is_reported_with_the_message_of_the_server(run: Run, cluster: PretendCluster) -> None:
    cluster.forbidden.add(("get", "pods"))
    _, out, _ = run("explain", "chat")
    assert "The arithmetic cannot be shown: get pods/proxy fairlead-system/fairlead-0:9090: 403" in out


def test_a_reply_of_another_version_is_reported_as_unreadable(run: Run, cluster: PretendCluster) -> None:
    cluster.pages["/fairlead/v1/decisions/team/chat"] = b"<html>"
    _, out, _ = run("explain", "chat")
    assert "the reply is not a decision of this version" in out


@pytest.mark.usefixtures("cluster")
def test_an_address_that_does_not_answer_is_named(run: Run) -> None:
    _, out, _ = run("explain", "chat", "--autoscaler", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1/fairlead/v1/decisions/team/chat: Cannot connect" in out


def test_a_given_address_is_queried_directly(run: Run, cluster: PretendCluster) -> None:
    base = "/api/v1/namespaces/fairlead-system/pods/fairlead-0:9090/proxy"
    _, out, _ = run("explain", "chat", "--autoscaler", cluster.address + base)
    assert "1 ready; by policy interactive" in out
    _, out, _ = run("explain", "chat", "--autoscaler", f"{cluster.address}{base}/wrong")
    assert "404: not decided here" in out


def test_a_file_is_explained_without_a_cluster(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    held = decided(facts(pods=(pod(problem=SampleProblem.NO_ANSWER),), routers=(router(waiting=3.0),)))
    lines = (decided(name="other"), held, decided(name="other"))
    path.write_bytes(b"".join(record_codec.encode(one) + b"\n" for one in lines))
    code, out, _ = run("explain", "infd/chat", "--record", str(path))
    assert code == 0
    assert out.startswith("infd/chat in team: ")
    assert "decided at 2026-09-21 14:13:20 UTC" in out
    _, out, _ = run("explain", "--record", str(path))
    assert out.startswith("infd/other in team: ")


@pytest.mark.parametrize(
    ("content", "code", "answer"), [("", 1, "there is no decision in namespace x in it"), (None, 2, "No such file")]
)
def test_a_file_without_decisions_is_reported(
    run: Run, tmp_path: Path, content: str | None, code: int, answer: str
) -> None:
    path = tmp_path / "decisions.jsonl"
    if content is not None:
        path.write_text(content)
    found, _, err = run("explain", "-n", "x", "--record", str(path))
    assert found == code
    assert answer in err


@pytest.mark.parametrize(
    "words", [("--watch",), ("--autoscaler", "http://x"), ("--operator-namespace", "x"), ("--context", "x")]
)
def test_options_that_a_file_cannot_follow_are_refused(run: Run, words: tuple[str, ...]) -> None:
    code, _, err = run("explain", "--record", "decisions.jsonl", *words)
    assert code == 2
    assert err.startswith(f"fairlead explain: {words[0]}: has no meaning beside --record")


def test_a_decision_of_another_version_is_reported_with_that_version(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(record_codec.encode(decided(version="0.0.1")) + b"\n")
    _, out, _ = run("explain", "--record", str(path))
    assert "Decided by version 0.0.1" in out
