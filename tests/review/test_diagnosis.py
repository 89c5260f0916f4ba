"""What is wrong with an object: the first cause before its effects, each with a command that names the object."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster import package_data
from fairlead.fleet.conditions import ConditionReason, ConditionType
from fairlead.review import diagnosis, remedies
from fairlead.review.diagnosis import Diagnosis

REMEDIES = remedies.read(package_data.remedies())
Json = dict[str, Any]


def condition(kind: str, status: str, reason: str, message: str = "so it is") -> Json:
    since = "2026-11-22T10:00:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def diagnosed(*conditions: Json, kind: str = "InferenceDeployment", name: str = "talk", **more: Any) -> Diagnosis:  # noqa: ANN401
    status = {"observedGeneration": 3, "conditions": list(conditions)} | more
    about = {"namespace": "team", "name": name, "generation": 3}
    return diagnosis.diagnose({"kind": kind, "metadata": about, "status": status}, REMEDIES)


SERVES = condition("Ready", "True", "Serving", "2 of 2 replicas")


def test_a_serving_object_has_no_findings() -> None:
    found = diagnosed(SERVES, condition("ScalingActive", "False", "Fixed"), condition("Fits", "True", "Measured"))
    assert found.is_well
    assert (found.found, found.outdated, found.summary) == ((), "", "Serving: 2 of 2 replicas")


def test_the_cause_that_ready_repeats_comes_first_then_its_effects_and_each_reason_once() -> None:
    words = "pod talk-1-x: image x cannot be pulled"
    found = diagnosed(
        condition("Ready", "False", "ImageNotPulled", words),
        condition("Stalled", "True", "ImageNotPulled", words),
        condition("Fits", "True", "Tight"),
        condition("Available", "False", "NoneReady", words),
        condition("Progressing", "False", "ImageNotPulled", words),
        condition("Routable", "False", "NoneReady"),
    )
    assert not found.is_well
    assert [(one.type, one.reason) for one in found.found] == [
        ("Progressing", "ImageNotPulled"),
        ("Fits", "Tight"),
        ("Available", "NoneReady"),
    ]
    first = found.found[0]
    assert first.cause == REMEDIES["ImageNotPulled"].cause
    assert first.since == "2026-11-22T10:00:00Z"
    assert first.command.endswith("-n team -l fairlead.dev/deployment=talk,fairlead.dev/role=engine")


def test_what_serves_may_have_something_wrong_all_the_same() -> None:
    found = diagnosed(SERVES, condition("ScalingActive", "Unknown", "FiguresMissing"))
    assert (found.ready, found.is_well) == ("True", False)
    assert found.found[0].command == "fairlead explain infd/talk -n team"


def test_what_serves_in_the_cluster_may_have_a_route_that_no_request_comes_through() -> None:
    refused = condition("RouteAccepted", "False", "RouteRefused", "Gateway demo/edge: NotAllowedByListeners")
    found = diagnosed(SERVES, refused)
    assert (found.ready, found.is_well) == ("True", False)
    assert [(one.type, one.reason) for one in found.found] == [("RouteAccepted", "RouteRefused")]
    assert found.found[0].command == "kubectl describe httproutes -n team"
    assert diagnosed(SERVES, condition("RouteAccepted", "Unknown", "RoutePending")).is_well


def test_a_child_that_is_awaited_is_a_cause_only_while_the_object_does_not_serve() -> None:
    awaited = condition("Progressing", "True", "ChildTerminating", "Service talk-router is being removed")
    assert diagnosed(SERVES, awaited).is_well
    found = diagnosed(condition("Ready", "False", "NoneReady"), awaited, condition("Available", "False", "NoneReady"))
    assert [one.reason for one in found.found] == ["NoneReady", "ChildTerminating"], "all else goes on beside it"
    blocked = diagnosed(condition("Ready", "False", "ChildTerminating"), condition("Fits", "True", "Tight"), awaited)
    assert [one.reason for one in blocked.found] == ["ChildTerminating", "Tight"]


def test_a_gateways_commands_name_the_gateway() -> None:
    silent = condition("Ready", "False", "RoutersNotReady")
    found = diagnosed(silent, kind="InferenceGateway", name="company-2")
    assert found.kind == "infg"
    assert "fairlead.dev/gateway=company-2,fairlead.dev/role=router" in found.found[0].command
    lost = diagnosed(condition("Ready", "False", "NoModels"), kind="InferenceGateway", name="front")
    assert lost.found[0].command == "kubectl describe inferencegateway front -n team"


def test_a_gateway_that_nothing_answers_for_leads_to_its_deployments_since_no_engine_has_its_label() -> None:
    words = "0 of 1 model can serve requests; chat: no replica of team/talk gets requests"
    found = diagnosed(condition("Ready", "False", "NoneReady", words), kind="InferenceGateway", name="front")
    assert found.found[0].command == "kubectl get infd -A"
    own = diagnosed(condition("Ready", "False", "NoneReady"))
    selected = "-n team -l fairlead.dev/deployment=talk,fairlead.dev/role=engine"
    assert own.found[0].command == f"kubectl logs {selected} --tail=50"


@pytest.mark.parametrize("reason", ["RoutersNotReady", "RoutersSilent", "Probing"])
def test_a_deployment_behind_a_gateway_is_shown_the_routers_that_send_it_requests(reason: str) -> None:
    """It has none of its own, so its own label finds no pod."""
    about = {"namespace": "team", "name": "talk", "generation": 3}
    status = {"observedGeneration": 3, "conditions": [condition("Routable", "False", reason)]}
    gateway = {"gateway": {"name": "front", "namespace": "edge"}}
    document = {"kind": "InferenceDeployment", "metadata": about, "spec": gateway, "status": status}
    (joined,) = diagnosis.diagnose(document, REMEDIES).found
    assert " -n edge -l fairlead.dev/gateway=front,fairlead.dev/role=router" in joined.command
    (alone,) = diagnosis.diagnose(document | {"spec": {}}, REMEDIES).found
    assert " -n team -l fairlead.dev/deployment=talk,fairlead.dev/role=router" in alone.command


def test_a_command_about_the_operator_names_its_namespace_and_no_other_is_taken_for_it() -> None:
    def shown(reason: str, namespace: str, home: str) -> str:
        about = {"namespace": namespace, "name": "talk", "generation": 3}
        status = {"observedGeneration": 3, "conditions": [condition("Ready", "False", reason)]}
        document = {"kind": "InferenceDeployment", "metadata": about, "status": status}
        return diagnosis.diagnose(document, REMEDIES, home).found[0].command

    operators = "kubectl logs -n {} -l app.kubernetes.io/name=fairlead --tail=200"
    for home in ("ops", "demo", "fairlead-system"):
        assert shown("InternalError", "team", home) == operators.format(home)
    assert " -n fairlead-system -l " in shown("Unschedulable", "fairlead-system", "ops"), "its own pods are there"


def test_an_evaluations_commands_name_the_evaluation_and_its_pod() -> None:
    unread = diagnosed(condition("Ready", "False", "ItemsNotRead"), kind="Evaluation", name="quality")
    assert unread.found[0].command == "kubectl delete pod quality-items -n team --ignore-not-found"
    bad = diagnosed(condition("Ready", "False", "BadItems"), kind="Evaluation", name="quality")
    assert bad.found[0].command == "kubectl describe evl quality -n team"


@pytest.mark.parametrize(
    ("gateway", "command"),
    [
        ({"name": "front", "namespace": "edge"}, "kubectl get inferencegateways front -n edge -o yaml"),
        ({"name": "front"}, "kubectl get inferencegateways front -n team -o yaml"),
        ("nonsense", "kubectl get inferencegateways talk -n team -o yaml"),
    ],
)
def test_a_deployment_that_may_not_join_is_shown_its_gateway(gateway: object, command: str) -> None:
    about = {"namespace": "team", "name": "talk", "generation": 3}
    status = {"observedGeneration": 3, "conditions": [condition("Accepted", "False", "NotAllowed")]}
    document = {"kind": "InferenceDeployment", "metadata": about, "spec": {"gateway": gateway}, "status": status}
    assert [one.command for one in diagnosis.diagnose(document, REMEDIES).found] == [command]


def test_a_name_that_resembles_a_placeholder_is_replaced_once() -> None:
    found = diagnosed(condition("Ready", "False", "CrashLoop", "pod chat-demo-x: it ended"), name="chat-demo")
    assert found.found[0].command == "kubectl logs chat-demo-x -n team --previous"


@pytest.mark.parametrize(
    ("observed", "words"),
    [(None, "no operator has reconciled it yet"), (2, "from generation 2, the object is at 3"), (3, "")],
)
def test_a_status_of_before_says_so(observed: int | None, words: str) -> None:
    found = diagnosed(SERVES, observedGeneration=observed)
    assert words in found.outdated
    assert found.is_well is (not words)


def test_an_object_without_a_status_and_one_of_another_kind_are_diagnosed_too() -> None:
    about = {"namespace": "team", "name": "talk"}
    found = diagnosis.diagnose({"kind": "Something", "metadata": about}, REMEDIES)
    assert (found.kind, found.ready, found.summary, found.found) == ("Something", "", "", ())
    assert found.outdated


def test_what_does_not_serve_comes_before_what_does() -> None:
    down, strained = (
        diagnosed(condition("Ready", "False", "NoneReady"), name="z"),
        diagnosed(SERVES, condition("ScalingActive", "Unknown", "FiguresMissing"), name="b"),
    )
    well, early = diagnosed(SERVES, name="c"), diagnosed(SERVES, name="a")
    assert [one.name for one in diagnosis.first([well, early, strained, down])] == ["z", "b", "a", "c"]


@given(
    kind=st.sampled_from(ConditionType),
    reason=st.sampled_from(ConditionReason),
    status=st.sampled_from(["True", "False", "Unknown"]),
    message=st.text(max_size=60),
)
def test_a_command_never_keeps_a_name_of_the_pages_examples(
    kind: ConditionType, reason: ConditionReason, status: str, message: str
) -> None:
    for one in diagnosed(condition(kind, status, reason, message)).found:
        assert one.command
        assert one.action
        for word in ("chat", "demo", "company", "support"):
            assert word not in one.command.replace("inferencegateway", "")
