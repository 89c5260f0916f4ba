"""`fairlead rollout`: a canary's state, and commands to it; a command without effect is refused plainly."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fairlead.api import canary_status
from fairlead.cli import rollout_orders, rollout_text
from fairlead.cli.rollout_orders import NoCanary, NoOrder, RolloutOrder, RolloutView
from fairlead.cluster.kinds import ADAPTER, INFERENCE_DEPLOYMENT
from fairlead.fleet.canaries import CanaryGate, CanaryPhase, CanaryPlan, CanaryState, CanaryStep, StepVerdict
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Interval, Verdict
from fairlead.review import order_annotation
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import PretendCluster, running

T0 = datetime(2026, 11, 23, 12, tzinfo=UTC)
A_DAY_AGO = T0 - timedelta(days=1)
OPEN = GateVerdict(
    verdict=Verdict.UNDECIDED,
    reason=GateReason.TOO_FEW_REQUESTS,
    message="37 requests of the side that has fewer, at least 150 are needed",
    n=37,
    difference=Interval(low=0.9, estimate=1.021, high=1.2),
    missing=113,
)
PLAN = CanaryPlan(
    steps=(
        CanaryStep(replicas=1, hold_seconds=90),
        CanaryStep(traffic=10, hold_seconds=600, gates=(CanaryGate.SERVICE, CanaryGate.MANUAL)),
        CanaryStep(replicas=2, traffic=50),
    )
)
SECOND = CanaryState(
    revision="1a2b3c4d",
    stable="0f0f0f0f",
    plan=PLAN,
    phase=CanaryPhase.STEPPING,
    step=1,
    since=T0,
    reached_at=T0,
    verdicts=(StepVerdict(step=1, gate=CanaryGate.SERVICE, verdict=OPEN),),
)
SPEC = {"rollout": {"strategy": "Canary"}}
PROGRESS = {"type": "Progressing", "status": "True", "reason": "OnTrial", "message": "step 2 of 3: 10 %"}


def seen(state: CanaryState) -> RolloutView:
    """A deployment in this state, with a replica of the old revision."""
    old = {"hash": "0f0f0f0f", "replicas": 1, "ready": 1}
    found = rollout_orders.view(document(status={"canary": canary_status.written(state), "revisions": [old]}))
    assert isinstance(found, RolloutView)
    return found


def document(spec: Any = SPEC, status: Any = None, kind: str = "InferenceDeployment") -> dict[str, Any]:  # noqa: ANN401
    """An object with any content."""
    return {"kind": kind, "metadata": {"name": "chat", "namespace": "team"}, "spec": spec, "status": status or {}}


def answer(state: CanaryState, verb: str, now: datetime = T0 + timedelta(minutes=5)) -> str:
    """The message for a command."""
    found = rollout_orders.order(seen(state), verb, now)
    return f"{found.because}; {found.remedy}" if isinstance(found, NoOrder) else f"{found.value}: {found.follows}"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    """A cluster with a canary on its second step, and a deployment without one."""
    with running(tmp_path) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        cluster.has("chat", SPEC, canary=canary_status.written(SECOND), conditions=[PROGRESS])
        cluster.has("plain", {"rollout": {"strategy": "Surge"}})
        yield cluster


@pytest.mark.usefixtures("cluster")
def test_the_status_shows_each_step_with_what_its_gates_say(run: Run) -> None:
    code, out, err = run("rollout", "status", "infd/chat")
    assert (code, err) == (0, "")
    first, *rest = out.splitlines()
    assert first.startswith("infd/chat in team: Stepping for ")
    assert first.endswith(": 1a2b3c4d against 0f0f0f0f, 10 % of the conversations")
    assert rest == [
        "  says  step 2 of 3: 10 %",
        "  next  step 3: 50 % of the conversations, held for 0 s",
        "",
        f"   STEP  REPLICAS    TRAFFIC  HOLD        GATE     VERDICT    REASON          N   DIFFERENCE{'':<12}MISSING",
        "   1     1           0 %      1 min 30 s  -",
        "→  2     as traffic  10 %     10 min      Service  Undecided  TooFewRequests  37  x1.02 (0.90 to 1.20)  113",
        "                                          Manual",
        "   3     2           50 %     0 s         -",
        "",
        "step 2, gate Service: 37 requests of the side that has fewer, at least 150 are needed",
    ]


@pytest.mark.usefixtures("cluster")
def test_the_status_as_values_is_what_the_object_holds(run: Run) -> None:
    code, out, _ = run("rollout", "status", "chat", "-n", "team", "-o", "json")
    assert (code, json.loads(out)) == (
        0,
        {
            "place": "infd/chat in team",
            "says": "step 2 of 3: 10 %",
            "next": "step 3: 50 % of the conversations, held for 0 s",
            "share": 10,
            "canary": canary_status.written(SECOND),
        },
    )


def test_an_order_is_an_annotation_that_the_operator_reads(cluster: PretendCluster, run: Run) -> None:
    code, out, err = run("rollout", "pause", "infd/chat")
    assert (code, err) == (0, "")
    assert out == (
        "infd/chat in team: ordered to stay at step 2 of 3; a gate that fails still rolls back; "
        "`fairlead rollout status infd/chat -n team` shows it\n"
    )
    live = cluster.objects.found((INFERENCE_DEPLOYMENT.title, "team", "chat"))
    order = order_annotation.read(live)
    assert order is not None
    assert order.verb == "pause"
    assert order.at >= SECOND.since
    assert live["spec"] == SPEC


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("abort", "plain"), 1, "infd/plain in team has no canary: spec.rollout.strategy is Surge; set it to Canary"),
        (("status", "plain"), 1, "infd/plain in team has no canary: spec.rollout.strategy is Surge; set it to Canary"),
        (("retry", "chat"), 1, "the canary of infd/chat in team was not rejected; it is Stepping"),
        (("status", "nobody"), 1, "there is no InferenceDeployment nobody in namespace team: there are: chat, plain"),
        (
            ("status", "infg/front"),
            2,
            "infg/front: only deployments and adapters have canaries: write infd/front or adp",
        ),
        (("status", "adp/"), 2, "adp/: the name is missing: write infd/NAME or adp/NAME"),
        (("abort", "adapter/sql"), 1, "there is no Adapter sql in namespace team: there are none at all"),
        (("status", "infd/.."), 2, "'..' cannot be the name of an object"),
    ],
)
def test_what_cannot_be_shown_or_ordered_is_refused_plainly(
    run: Run, words: tuple[str, ...], code: int, message: str
) -> None:
    found, out, err = run("rollout", *words)
    assert (found, out) == (code, "")
    assert message in err


def test_without_a_cluster_an_error_is_printed(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    code, _, err = run("rollout", "status", "chat")
    assert code == 1
    assert err.startswith("fairlead rollout: ")


def test_a_canary_that_was_rejected_ends_the_status_with_a_code_for_scripts(cluster: PretendCluster, run: Run) -> None:
    over = replace(SECOND, phase=CanaryPhase.REJECTED, because="gate Service of step 2: slower")
    cluster.has("chat", SPEC, canary=canary_status.written(over))
    code, out, _ = run("rollout", "status", "chat")
    assert code == 3
    assert "  says  gate Service of step 2: slower" in out
    assert "  next  0f0f0f0f serves; a change of the spec or an order to retry gives 1a2b3c4d another try" in out


def test_before_any_canary_the_message_states_when_one_begins() -> None:
    for status in ({}, {"canary": {"phase": "Somewhere"}}):
        found = rollout_orders.view(document(status=status))
        assert found == NoCanary(
            because="infd/chat in team has no canary yet",
            remedy="one begins when the model, engine or accelerator is changed",
        )
    found = rollout_orders.view(document(spec={}))
    assert isinstance(found, NoCanary)
    assert found.because == "infd/chat in team has no canary: spec.rollout.strategy is Replace"


@pytest.mark.parametrize(
    ("changed", "verb", "message"),
    [
        ({}, "promote", "ordered to go on to step 3 of 3, whatever the gates of step 2 say"),
        ({"step": 2}, "promote", "ordered to give 1a2b3c4d all of the traffic, whatever the gates of step 3 say"),
        ({}, "abort", "ordered to reject 1a2b3c4d: routers stop sending it requests, then its replicas are removed"),
        ({"paused": True}, "pause", "is paused already; promote it to go on, or abort it"),
        ({"phase": CanaryPhase.WAITING}, "promote", "waits for a replica that can be spared, and no order makes one"),
        ({"phase": CanaryPhase.WAITING, "since": A_DAY_AGO}, "promote", "begins once a replica can be spared"),
        ({"phase": CanaryPhase.WAITING, "paused": True}, "promote", "first step begins once a replica can be spared"),
        ({"phase": CanaryPhase.REJECTED}, "promote", "is over: Rejected; order retry, or change the spec"),
        ({"phase": CanaryPhase.PROMOTED}, "abort", "is over: Promoted; change the spec back"),
        ({"phase": CanaryPhase.REJECTED}, "retry", "ordered to try 1a2b3c4d again from step 1"),
    ],
)
def test_each_order_says_what_follows_or_why_nothing_does(changed: Any, verb: str, message: str) -> None:  # noqa: ANN401
    assert message in answer(replace(SECOND, **changed), verb)


def test_an_order_is_always_later_than_what_the_canary_has_seen() -> None:
    """A user's clock may be behind; a command from the past would not be carried out."""
    before = T0 - timedelta(hours=1)
    assert answer(SECOND, "pause", before).startswith("pause 2026-11-23T12:00:00Z: ")
    twice = replace(SECOND, ordered_at=T0 + timedelta(minutes=2))
    assert answer(twice, "abort", before).startswith("abort 2026-11-23T12:02:01Z: ")
    found = rollout_orders.order(seen(twice), "abort", T0 + timedelta(minutes=5, microseconds=7))
    assert isinstance(found, RolloutOrder)
    assert found.value == "abort 2026-11-23T12:05:00Z"


PROMOTED = {"phase": CanaryPhase.PROMOTED, "step": 2}


@pytest.mark.parametrize(
    ("changed", "share", "coming"),
    [
        ({"phase": CanaryPhase.WAITING, "step": 0}, 0, "step 1: 0 % of the conversations, held for 90 s"),
        ({"step": 2}, 50, "1a2b3c4d gets all of the traffic, and the last old replicas are removed"),
        (PROMOTED, 100, "the last old replicas are removed; then the rollout is complete"),
    ],
)
def test_the_next_step_is_shown_for_every_phase(changed: Any, share: int, coming: str) -> None:  # noqa: ANN401
    state = replace(SECOND, **changed)
    first, following, *_ = rollout_text.lines(seen(state), T0 + timedelta(days=1, hours=2, minutes=3))
    assert f" for 1 d 2 h: 1a2b3c4d against 0f0f0f0f, {share} % of the conversations" in first
    assert following == f"  next  {coming}"


def test_a_pause_is_shown() -> None:
    first, *_ = rollout_text.lines(seen(replace(SECOND, paused=True)), T0)
    assert first.startswith("infd/chat in team: Stepping, paused for 0 s: ")


VERSION = replace(
    SECOND,
    revision="sql@bbbbbbbb",
    stable="sql@aaaaaaaa",
    plan=replace(PLAN, start_within_seconds=None, steps=(CanaryStep(traffic=10), CanaryStep(traffic=50))),
    verdicts=(),
)


def of_adapter(state: CanaryState) -> RolloutView:
    """An adapter in this state."""
    found = rollout_orders.view(document({"canary": {}}, {"canary": canary_status.written(state)}, "Adapter"))
    assert isinstance(found, RolloutView)
    return found


def test_a_version_of_an_adapter_is_shown_and_ordered_like_a_revision(cluster: PretendCluster, run: Run) -> None:
    live = document({"canary": {}}, {"canary": canary_status.written(VERSION)}, "Adapter")
    cluster.put(ADAPTER, {"apiVersion": "fairlead.dev/v1alpha1"} | live)
    code, out, err = run("rollout", "status", "adp/chat")
    assert (code, err) == (0, "")
    assert ": sql@bbbbbbbb against sql@aaaaaaaa, 50 % of the conversations" in out
    assert "  next  sql@bbbbbbbb gets all of the traffic; sql@aaaaaaaa stays loaded until you remove it from " in out
    assert "→  2     all       50 %" in out
    code, out, _ = run("rollout", "abort", "adp/chat", "--context", "here")
    assert code == 0
    assert out == (
        "adp/chat in team: ordered to reject sql@bbbbbbbb: routers stop sending it requests; "
        "`fairlead rollout status adp/chat -n team --context here` shows it\n"
    )
    order = order_annotation.read(cluster.objects.found((ADAPTER.title, "team", "chat")))
    assert order is not None
    assert order.verb == "abort"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"phase": CanaryPhase.WAITING}, "is not loaded on all replicas, and no order loads it; wait; the condition "),
        ({"phase": CanaryPhase.WAITING, "paused": True}, "the first step begins once all replicas have loaded it"),
    ],
)
def test_an_adapter_that_no_order_loads_is_reported(changed: Any, message: str) -> None:  # noqa: ANN401
    found = rollout_orders.order(of_adapter(replace(VERSION, **changed)), "promote", T0 + timedelta(minutes=5))
    assert message in (f"{found.because}; {found.remedy}" if isinstance(found, NoOrder) else found.follows)


def test_what_comes_after_a_promoted_version_and_when_an_adapter_has_no_canary() -> None:
    over = of_adapter(replace(VERSION, phase=CanaryPhase.PROMOTED))
    assert rollout_orders.coming(over) == "sql@aaaaaaaa stays loaded until you remove it from spec.versions"
    specs: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "spec.canary is not set; set it to {}"),
        ({"canary": {}}, "no canary yet; one begins"),
    )
    for spec, message in specs:
        found = rollout_orders.view(document(spec, kind="Adapter"))
        assert isinstance(found, NoCanary)
        assert message in f"{found.because}; {found.remedy}"
