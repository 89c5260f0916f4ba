"""`fairlead why`: the first cause first, what to do, the command for it; and whether an operator runs at all."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairlead.cli import context_commands, top_table, why_text
from fairlead.cli.why_text import WhyText
from fairlead.cluster.kinds import AUTOSCALING_POLICY, INFERENCE_DEPLOYMENT, INFERENCE_GATEWAY, LEASE, POD
from fairlead.review.diagnosis import DiagnosedCondition, Diagnosis
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import PretendCluster, running
from tests.cluster.fake_api import Fault

MESSAGE = "pod chat-1-x: image example/engine:2 cannot be pulled: no such tag; check spec.engine.image and version"


def before(ago: timedelta) -> datetime:
    """A moment this long ago, by the clock that the command reads."""
    return datetime.now(tz=UTC) - ago  # noqa: TID251  # it plays an operator


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    "words", [("why",), ("top", "--once"), ("explain", "chat"), ("rollout", "status", "chat"), ("console",)]
)
def test_every_command_that_reads_a_cluster_takes_a_context_as_kubectl_does(run: Run, words: tuple[str, ...]) -> None:
    found, out, err = run(*words, "--context", "elsewhere")
    assert (found, out) == (1, "")
    assert err.startswith(f"fairlead {words[0]}: --context elsewhere: the kubeconfig has no context of this name; ")


@pytest.mark.parametrize(
    ("fault", "way"),
    [
        (Fault(), "; see whether `kubectl get --raw /readyz` answers; --context names another cluster"),
        (Fault(code=503, body="no etcd"), "503: no etcd; see whether `kubectl get --raw /readyz` answers; "),
        (Fault(code=401, body="no user"), "401: no user; log in to the cluster again, or name another context with"),
    ],
)
def test_a_cluster_that_does_not_answer_is_reported_with_what_to_do(
    cluster: PretendCluster, run: Run, fault: Fault, way: str
) -> None:
    """The end was the client's own word for it, without a remedy."""
    cluster.fail(fault, "list", times=3)
    code, out, err = run("top", "--once")
    assert (code, out) == (1, "")
    assert err.startswith("fairlead top: list inferencedeployments.fairlead.dev team: ")
    assert way in err


def test_an_empty_context_is_not_taken_for_the_current_one(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run("why", "--context", "")
    assert left.value.code == 2
    assert "no context is named" in capsys.readouterr().err


def condition(kind: str, status: str, reason: str, message: str) -> dict[str, str]:
    since = before(timedelta(minutes=3, seconds=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    """With a working operator, a deployment that cannot pull its image, a healthy gateway and a healthy policy."""
    with running(tmp_path) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        cluster.has_operator()
        lease(cluster, timedelta(seconds=2))
        cluster.has_object(
            INFERENCE_DEPLOYMENT,
            "chat",
            condition("Ready", "False", "ImageNotPulled", MESSAGE),
            condition("Progressing", "False", "ImageNotPulled", MESSAGE),
            condition("Available", "False", "NoneReady", "0 of 2 replicas are ready"),
        )
        cluster.has_object(
            INFERENCE_GATEWAY, "front", condition("Ready", "True", "Serving", "1 model can serve requests")
        )
        cluster.has_object(
            AUTOSCALING_POLICY, "usual", condition("Ready", "True", "Accepted", "every setting can work")
        )
        yield cluster


def lease(cluster: PretendCluster, ago: timedelta, namespace: str = "fairlead-system") -> None:
    spec = {
        "holderIdentity": "fairlead-0",
        "leaseDurationSeconds": 15,
        "renewTime": before(ago).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    about = {"name": "fairlead-controller", "namespace": namespace}
    cluster.put(LEASE, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": about, "spec": spec})


@pytest.mark.usefixtures("cluster")
def test_the_first_cause_is_shown_with_what_to_do_and_the_rest_in_a_line_each(run: Run) -> None:
    code, out, err = run("why")
    assert (code, err) == (3, "")
    lines = out.splitlines()
    assert lines[0].startswith("✗ infd/chat in team: ImageNotPulled, for 3 min ")
    assert lines[1].startswith("  says     pod chat-1-x: image example/engine:2 cannot be pulled")
    assert any(one.startswith("  do       ") for one in lines)
    command = "kubectl describe pods -n team -l fairlead.dev/deployment=chat,fairlead.dev/role=engine"
    assert f"  command  {command}" in lines
    assert "  more     docs/troubleshooting.md#imagenotpulled" in lines
    (then,) = (one for one in lines if one.startswith("  then     Available NoneReady, for 3 min "))
    assert then.endswith(": 0 of 2 replicas are ready")
    assert lines[-1] == "2 of 3 objects well"
    assert "front" not in out


def test_with_a_context_each_command_is_for_its_cluster(run: Run, cluster: PretendCluster) -> None:
    """Copied as it is, it would read or change the cluster of the current context."""
    there = "  command  kubectl --context here describe pods -n team -l fairlead.dev/deployment=chat,"
    code, out, _ = run("why", "--context", "here")
    assert code == 3
    assert any(one.startswith(there) for one in out.splitlines())
    document = json.loads(run("why", "--context", "here", "-o", "json")[1])
    assert document["objects"][0]["found"][0]["command"].startswith("kubectl --context here describe pods ")
    lease(cluster, timedelta(minutes=9))
    lines = run("why", "front", "--context", "here")[1].splitlines()
    assert any(one.startswith("  command  kubectl --context here get pods -n fairlead-system ") for one in lines)


@pytest.mark.parametrize(
    ("command", "there"),
    [
        ("kubectl scale infd chat --replicas=1", "kubectl --context 'prod eu' scale infd chat --replicas=1"),
        ("helm upgrade fairlead charts/fairlead", "helm --kube-context 'prod eu' upgrade fairlead charts/fairlead"),
        ("fairlead rollout status infd/chat", "fairlead rollout status infd/chat --context 'prod eu'"),
        ("fairlead validate chat.yaml", "fairlead validate chat.yaml"),
    ],
)
def test_each_program_is_given_the_context_in_its_own_way(command: str, there: str) -> None:
    assert context_commands.in_context(command, "prod eu") == there
    assert context_commands.in_context(command, None) == command


@pytest.mark.usefixtures("cluster")
def test_a_healthy_object_is_shown_when_it_is_named(run: Run) -> None:
    assert run("why", "infg/front") == (0, "✓ infg/front in team: Serving: 1 model can serve requests\n", "")
    assert run("why", "usual")[0] == 0
    assert run("why", "chat")[0] == 3


def test_where_all_is_well_one_line_says_so(run: Run, cluster: PretendCluster) -> None:
    cluster.has_object(INFERENCE_DEPLOYMENT, "chat", condition("Ready", "True", "Serving", "2 of 2"))
    assert run("why") == (0, "✓ 3 of 3 objects well\n", "")


@pytest.mark.usefixtures("cluster")
def test_json_has_every_object_with_its_causes(run: Run) -> None:
    code, out, _ = run("why", "-A", "-o", "json")
    document = json.loads(out)
    assert (code, document["operator"]) == (3, None)
    assert [(one["name"], one["well"]) for one in document["objects"]] == [
        ("chat", False),
        ("usual", True),
        ("front", True),
    ]
    assert [one["reason"] for one in document["objects"][0]["found"]] == ["ImageNotPulled", "NoneReady"]


def test_without_an_operator_at_work_that_is_reported_before_all_else(run: Run, cluster: PretendCluster) -> None:
    lease(cluster, timedelta(minutes=9))
    code, out, _ = run("why", "front")
    assert code == 3
    lines = out.splitlines()
    assert lines[0].startswith("✗ No operator is at work: ")
    assert "  command  kubectl get pods -n fairlead-system -l app.kubernetes.io/name=fairlead" in lines
    assert lines[-1] == "✓ infg/front in team: Serving: 1 model can serve requests"


def test_pods_of_several_namespaces_with_the_operators_labels_do_not_mean_that_none_is_at_work(
    run: Run, cluster: PretendCluster
) -> None:
    cluster.remove(POD, "fairlead-system", "fairlead-0")
    cluster.remove(LEASE, "fairlead-system", "fairlead-controller")
    for namespace in ("ops", "sandbox"):
        cluster.has_operator(namespace)
    lease(cluster, timedelta(seconds=2), "ops")
    assert run("why", "front") == (0, "✓ infg/front in team: Serving: 1 model can serve requests\n", "")
    cluster.has("new", {})
    assert "  command  kubectl get pods -A -l app.kubernetes.io/name=fairlead" in run("why", "new")[1]
    assert run("why", "front", "--operator-namespace", "ops")[0] == 0
    assert "  command  kubectl get pods -n ops -l " in run("why", "new", "--operator-namespace", "ops")[1]
    code, out, _ = run("why", "front", "--operator-namespace", "sandbox")
    assert (code, out.splitlines()[0]) == (3, "✗ No operator is at work: there is no Lease sandbox/fairlead-controller")


def test_the_command_for_an_operator_that_stopped_names_the_namespace_where_it_is(
    run: Run, cluster: PretendCluster
) -> None:
    cluster.remove(POD, "fairlead-system", "fairlead-0")
    cluster.has_operator("ops")
    lease(cluster, timedelta(minutes=9), "ops")
    code, out, _ = run("why", "front", "--context", "here")
    assert (code, "kubectl --context here get pods -n ops -l" in out, "fairlead-system" in out) == (3, True, False)


def test_commands_about_the_operator_are_for_the_namespace_where_it_is(run: Run, cluster: PretendCluster) -> None:
    """In another one `helm upgrade` would find no release, and `kubectl logs` no pod."""
    refused = condition("Ready", "False", "NoRight", "create deployments.apps: forbidden")
    cluster.has_object(INFERENCE_DEPLOYMENT, "chat", refused)
    there = "  command  helm upgrade fairlead charts/fairlead -n {} --reset-then-reuse-values"
    assert there.format("fairlead-system") in run("why", "infd/chat")[1].splitlines()
    cluster.remove(POD, "fairlead-system", "fairlead-0")
    cluster.has_operator("ops")
    lease(cluster, timedelta(seconds=2), "ops")
    code, out, _ = run("why", "infd/chat")
    assert (code, there.format("ops") in out.splitlines(), "fairlead-system" in out) == (3, True, False)
    document = json.loads(run("why", "infd/chat", "-o", "json")[1])
    assert " -n ops " in document["objects"][0]["found"][0]["command"]


def test_an_object_that_no_operator_has_seen_says_so(run: Run, cluster: PretendCluster) -> None:
    cluster.has("new", {})
    code, out, _ = run("why", "new")
    assert code == 3
    assert out.splitlines()[0] == "✗ infd/new in team: no operator has reconciled it yet"
    assert "  command  kubectl get pods -n fairlead-system" in out


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("pods/x",), 2, "pods/x: write one of infd/NAME, asp/NAME, infg/NAME, evl/NAME, adp/NAME, or NAME alone"),
        (("infd/",), 2, "infd/: write one of"),
        (("",), 2, "'': write one of"),
        (("talk",), 1, "there is no talk in namespace team: there are: chat, front, usual"),
        (("-n", "empty"), 1, "there is no object of Fairlead in namespace empty; -n names another"),
        (("infd/chat", "-n", "empty"), 1, "there is no chat in namespace empty: there are none at all"),
    ],
)
def test_a_target_that_cannot_be_explained_is_answered_with_what_to_write(
    run: Run, words: tuple[str, ...], code: int, sentence: str
) -> None:
    found, out, err = run("why", *words)
    assert (found, out) == (code, "")
    assert err.startswith(f"fairlead why: {sentence}")


def test_on_a_terminal_it_is_coloured_and_wrapped_and_odd_times_do_no_harm() -> None:
    wrong = DiagnosedCondition(
        type="ScalingActive",
        reason="FiguresMissing",
        since="yesterday",
        message="word " * 30,
        cause="c",
        action="d",
        command="kubectl x",
    )
    one = Diagnosis(
        kind="infd",
        namespace="team",
        name="chat",
        ready="True",
        summary="Serving: 1",
        found=(wrong,),
        outdated="its status is of generation 2, the object is at 3",
    )
    lines = list(WhyText(now=0.0, width=60, colour=True).lines([one], None, every=False))
    heading = "! infd/chat in team, which serves: FiguresMissing"
    assert lines[0] == f"{top_table.YELLOW}{heading}{top_table.PLAIN}"
    assert lines[1] == "  status   its status is of generation 2, the object is at 3"
    assert max(map(len, lines)) < 80
    assert f"  command  {top_table.BOLD}kubectl x{top_table.PLAIN}" in lines
    assert json.loads(why_text.as_json([one], None))["objects"][0]["ready"] == "True"


def test_the_message_of_a_condition_cannot_colour_the_terminal() -> None:
    """Messages carry lines of an engine's log."""
    wrong = DiagnosedCondition(
        type="Ready",
        reason="Odd\x1b[31m",
        since="yesterday",
        message="red \x1b[31m\nline",
        cause="c",
        action="d",
        command="kubectl x",
    )
    one = Diagnosis(kind="infd", namespace="team", name="chat", ready="False", summary="", found=(wrong,), outdated="")
    lines = list(WhyText(now=0.0, width=80, colour=False).lines([one], None, every=False))
    assert lines[:2] == [r"✗ infd/chat in team: Odd\x1b[31m", r"  says     red \x1b[31m line"]


def test_where_no_namespace_has_an_object_no_other_namespace_is_named() -> None:
    assert why_text.nothing_there("", None, ()) == "there is no object of Fairlead in any namespace"
    assert why_text.nothing_there("chat", None, ()) == "there is no chat in any namespace: there are none at all"
    assert why_text.nothing_there("", "team", ()).endswith("in namespace team; -n names another, -A looks everywhere")
