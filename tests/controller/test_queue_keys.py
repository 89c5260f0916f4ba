"""Which objects a change concerns: the object itself, the owner of a child, all that name what is shared."""

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import queue_keys


def infd(name: str = "chat", **spec: object) -> Manifest:
    """A deployment."""
    return {"kind": "InferenceDeployment", "metadata": {"namespace": "team", "name": name}, "spec": spec}


def short(name: str) -> Manifest:
    """A deployment that waits for a GPU."""
    return infd(name) | {"status": {"conditions": [{"type": "Scheduled", "status": "False"}]}}


def child(name: str | None = "chat") -> Manifest:
    """A child, or an unowned object."""
    return {
        "metadata": {"namespace": "team", "name": "x"} | ({"labels": {"fairlead.dev/deployment": name}} if name else {})
    }


def node(ready: str = "True", gpus: str = "4", beat: str = "1") -> Manifest:
    """A node's report."""
    conditions = [{"type": "Ready", "status": ready, "lastHeartbeatTime": beat}]
    return {"metadata": {"name": "n"}, "status": {"allocatable": {"nvidia.com/gpu": gpus}, "conditions": conditions}}


SCALED: Manifest = {"scaling": {"policy": {"name": "calm"}}}
LED: Manifest = {"gateway": {"name": "calm"}}
JUDGED: Manifest = {"rollout": {"canary": {"quality": {"evaluation": "calm"}}}}
DIGESTED: Manifest = {"status": {"digest": "a"}}
FLEET = (
    *(infd(), infd("scaled", **SCALED), infd("led", gateway={"name": "calm"}), short("short")),
    infd("judged", **JUDGED),
)


def reporting(one: Manifest, ready: int) -> Manifest:
    """With this many ready in its status."""
    return one | {"status": {"readyReplicas": ready}}


def routing(**pods: int) -> Manifest:
    """A gateway, and the pods of each target that its status counts for a model of its own."""
    targets = [{"name": f"team/{name}", "routable": number} for name, number in pods.items()]
    return infd("calm") | {"status": {"models": [{"name": one["name"], "targets": [one]} for one in targets]}}


def scaled(generation: int, most: int) -> Manifest:
    """A deployment under a policy, edited so often."""
    made = infd(scaling=SCALED["scaling"] | {"maxReplicas": most})
    return made | {"metadata": made["metadata"] | {"generation": generation}}


def written(generation: int, **status: object) -> Manifest:
    """A policy, and what its status says."""
    policy = infd("calm")
    return policy | {"metadata": policy["metadata"] | {"generation": generation}, "status": status}


def wall(gateways: str) -> Manifest:
    """The network policy of a deployment's engines, which admits gateways."""
    made = child()
    return made | {"metadata": made["metadata"] | {"annotations": {"fairlead.dev/gateways": gateways}}}


def of_gateway(name: str) -> Manifest:
    """A child of a gateway."""
    return {"metadata": {"namespace": "team", "name": "x", "labels": {"fairlead.dev/gateway": name}}}


@pytest.mark.parametrize(
    ("resource", "old", "new", "woken"),
    [
        (kinds.INFERENCE_DEPLOYMENT, None, infd(), ["chat"]),
        (kinds.INFERENCE_DEPLOYMENT, infd(), None, ["chat"]),
        (kinds.INFERENCE_DEPLOYMENT, infd(**SCALED), infd(**SCALED), ["chat"]),
        (kinds.INFERENCE_DEPLOYMENT, infd(), infd(**SCALED), ["chat", "AutoscalingPolicy calm"]),
        (kinds.INFERENCE_DEPLOYMENT, infd(**SCALED), None, ["chat", "AutoscalingPolicy calm"]),
        (kinds.INFERENCE_DEPLOYMENT, None, infd(scaling={"policy": {"name": 7}}), ["chat"]),
        (kinds.INFERENCE_DEPLOYMENT, scaled(1, 4), scaled(2, 400), ["chat", "AutoscalingPolicy calm"]),
        (kinds.INFERENCE_DEPLOYMENT, scaled(1, 4), reporting(scaled(1, 4), 1), ["chat"]),
        (kinds.AUTOSCALING_POLICY, None, infd("calm"), ["AutoscalingPolicy calm", "scaled"]),
        (kinds.AUTOSCALING_POLICY, written(1), written(2), ["AutoscalingPolicy calm", "scaled"]),
        (kinds.AUTOSCALING_POLICY, written(1), None, ["AutoscalingPolicy calm", "scaled"]),
        (kinds.AUTOSCALING_POLICY, written(1), written(1, effects=[{"deployment": "a"}]), ["AutoscalingPolicy calm"]),
        (kinds.EVALUATION, None, infd("calm"), ["Evaluation calm"]),
        (kinds.EVALUATION, None, infd("calm") | DIGESTED, ["Evaluation calm", "judged"]),
        (kinds.EVALUATION, infd("calm") | DIGESTED, infd("calm") | DIGESTED, ["Evaluation calm"]),
        (kinds.ADAPTER, None, infd("sql", deployment="led"), ["Adapter sql", "led", "InferenceGateway calm"]),
        (kinds.ADAPTER, infd("sql", deployment="led"), infd("sql", deployment="led") | DIGESTED, ["Adapter sql"]),
        (
            *(kinds.ADAPTER, infd("sql", deployment="led"), infd("sql", deployment="chat")),
            ["Adapter sql", "chat", "led", "InferenceGateway calm"],
        ),
        (kinds.ADAPTER, infd("sql", deployment="lost"), None, ["Adapter sql"]),
        (kinds.INFERENCE_GATEWAY, infd("calm"), None, ["InferenceGateway calm", "led"]),
        (kinds.INFERENCE_GATEWAY, infd("calm"), infd("calm"), ["InferenceGateway calm"]),
        (kinds.INFERENCE_GATEWAY, infd("calm"), reporting(infd("calm"), 2), ["InferenceGateway calm", "led"]),
        (kinds.INFERENCE_GATEWAY, routing(led=1), routing(led=2), ["InferenceGateway calm", "led"]),
        (kinds.INFERENCE_GATEWAY, routing(led=1, beside=1), routing(led=1, beside=2), ["InferenceGateway calm"]),
        (kinds.INFERENCE_GATEWAY, infd("calm"), routing(led=0), ["InferenceGateway calm", "led"]),
        (kinds.INFERENCE_GATEWAY, routing(led=1), infd("calm"), ["InferenceGateway calm", "led"]),
        (kinds.INFERENCE_DEPLOYMENT, None, infd(**LED), ["chat", "InferenceGateway calm"]),
        (kinds.INFERENCE_DEPLOYMENT, infd(**LED), infd(**LED), ["chat"]),
        (kinds.INFERENCE_DEPLOYMENT, infd(**LED), reporting(infd(**LED), 1), ["chat", "InferenceGateway calm"]),
        (kinds.NETWORK_POLICY, None, wall("team/calm"), ["chat", "InferenceGateway calm"]),
        (kinds.NETWORK_POLICY, wall("team/calm"), None, ["chat", "InferenceGateway calm"]),
        (kinds.POD, None, of_gateway("calm"), ["InferenceGateway calm"]),
        (kinds.DEPLOYMENT, child(), child(), ["chat"]),
        (kinds.SERVICE, None, child(None), []),
        (kinds.POD, None, child(), ["chat"]),
        (kinds.POD, child(), None, ["chat", "short"]),
        (kinds.POD, child(), child(None), ["chat"]),
        (kinds.NODE, node(), node(beat="2"), []),
        (kinds.NODE, node(), node(gpus="8"), [one["metadata"]["name"] for one in FLEET]),
        (kinds.NODE, node(ready="False"), node(), [one["metadata"]["name"] for one in FLEET]),
        (kinds.NODE, None, node(), [one["metadata"]["name"] for one in FLEET]),
        (kinds.PRIORITY_CLASS, None, {"metadata": {"name": "urgent"}, "value": 7}, ["short"]),
    ],
)
def test_a_change_enqueues_the_objects_it_concerns(
    resource: Resource, old: Manifest | None, new: Manifest | None, woken: list[str]
) -> None:
    found = queue_keys.keys(resource, old, new, lambda: FLEET)
    lines = [one.name if one.kind == "InferenceDeployment" else f"{one.kind} {one.name}" for one in found]
    assert lines == woken


def test_a_new_replica_wakes_the_adapters_that_wait_for_it() -> None:
    """Without a replica they are polled seldom; a pod that only changes wakes none, as loaders are polled."""
    elsewhere = infd("law", deployment="chat")
    elsewhere["metadata"] |= {"namespace": "other"}
    adapters = (infd("sql", deployment="chat"), infd("tax", deployment="led"), elsewhere)
    for old, woken in ((None, ["chat", "sql"]), (child(), ["chat"])):
        found = queue_keys.keys(kinds.POD, old, child(), lambda: FLEET, lambda: adapters)
        assert [one.name for one in found] == woken
    assert list(queue_keys.keys(kinds.POD, None, child(None), lambda: FLEET, lambda: adapters)) == []


def test_our_own_writes_wake_only_the_other_side_of_a_gateway() -> None:
    """A store that gets our own write wakes nobody else, or each write would cause the next."""
    found = queue_keys.across(kinds.INFERENCE_DEPLOYMENT, infd(**LED), reporting(infd(**LED), 1), lambda: FLEET)
    assert [(one.kind, one.name) for one in found] == [("InferenceGateway", "calm")]
    assert list(queue_keys.across(kinds.POD, None, child(), lambda: FLEET)) == []


def test_a_deployment_that_is_refused_or_accepted_again_wakes_its_gateway() -> None:
    """A claim that appears is no edit: the gateway's routers would keep what was refused."""
    refused, accepted = (
        infd(**LED) | {"status": {"conditions": [{"type": "Accepted", "status": status}]}}
        for status in ("False", "True")
    )
    for old, new in ((accepted, refused), (refused, accepted), (infd(**LED), accepted)):
        found = queue_keys.across(kinds.INFERENCE_DEPLOYMENT, old, new, lambda: FLEET)
        assert [(one.kind, one.name) for one in found] == [("InferenceGateway", "calm")]


def test_our_own_word_of_an_adapters_canary_wakes_the_deployment_whose_routers_divide_the_traffic() -> None:
    on_trial = infd("sql", deployment="chat") | {"status": {"canary": {"revision": "sql@b", "step": 1}}}
    for step, woken in ((1, []), (2, ["chat"])):
        moved = on_trial | {"status": {"canary": on_trial["status"]["canary"] | {"step": step, "gates": [step]}}}
        assert [one.name for one in queue_keys.across(kinds.ADAPTER, on_trial, moved, lambda: FLEET)] == woken
