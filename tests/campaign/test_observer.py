"""The observer by itself: what it reports of a snapshot, and that a false status is reported as false."""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from campaign import pod_eye
from campaign.judge import disagreements
from campaign.kube import Kube
from campaign.observer import children, conditions, words
from campaign.observer.facts import Facts

Manifest = dict[str, Any]
REVISION = "0a1b2c3d"
SERVING = {
    "Ready": ("True", "Serving"),
    "Accepted": ("True", "Accepted"),
    "Fits": ("True", "Fits"),
    "Scheduled": ("True", "Scheduled"),
    "Available": ("True", "Available"),
    "Progressing": ("True", "Complete"),
    "Routable": ("True", "Routable"),
    "ScalingActive": ("False", "Fixed"),
}


def pod(name: str, role: str = "engine", *, ready: bool = True, **spec: Any) -> Manifest:  # noqa: ANN401  # fields of a pod
    word = "True" if ready else "False"
    labels = {"fairlead.dev/deployment": "chat", "fairlead.dev/role": role, "fairlead.dev/revision": REVISION}
    main = {
        "image": "ours",
        "command": ["fairlead", "--max-model-len", "8192"],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"nodeName": "one", "nodeSelector": {"nvidia.com/gpu.product": "L4"}, "containers": [main]} | spec,
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": word}]},
    }


def document(fields: dict[str, tuple[str, str]], **changes: Any) -> Manifest:  # noqa: ANN401  # fields of a spec
    spec = {"engine": {"context": {"maxTokens": 8192}}, "accelerator": {"product": "L4"}, "replicas": 2}
    conditions = [
        {"type": kind, "status": status, "reason": reason, "message": "as it is", "observedGeneration": 1}
        for kind, (status, reason) in fields.items()
    ]
    counts = {"replicas": 2, "readyReplicas": 2, "routableReplicas": 2, "desiredReplicas": 2}
    revisions = [{"name": "chat-1", "hash": REVISION, "replicas": 2}]
    status = {"observedGeneration": 1, "conditions": conditions, "revisions": revisions} | counts
    return {"metadata": {"name": "chat", "generation": 1}, "spec": spec | changes, "status": status}


def picture(*pods: Manifest, fields: dict[str, tuple[str, str]] | None = None, **changes: Any) -> Facts:  # noqa: ANN401
    node = {
        "metadata": {"labels": {"nvidia.com/gpu.product": "L4"}},
        "status": {"allocatable": {"nvidia.com/gpu": "4"}},
    }
    engines = pods or (pod("chat-aaaaa"), pod("chat-bbbbb"))
    page = {"endpoints": [{"pod": one["metadata"]["name"], "state": "routable"} for one in engines]}
    return Facts(
        document=document(fields or SERVING, **changes),
        pods=(*engines, pod("router", "router")),
        deployments=(),
        nodes=(node,),
        pages={"router": page},
        present=frozenset(),
    )


def about(facts: Facts) -> set[str]:
    """The subjects of the false statements."""
    return {one.about for one in disagreements(facts)}


def test_a_deployment_that_serves_and_reports_so_yields_no_finding() -> None:
    assert about(picture()) == set()


def test_a_pod_that_is_not_ready_is_missed_in_every_condition_and_count() -> None:
    facts = picture(pod("chat-aaaaa"), pod("chat-bbbbb", ready=False))

    assert about(facts) == {"readyReplicas", "routableReplicas", "Available", "Progressing"}


def test_a_crash_has_to_be_named() -> None:
    crashed = pod("chat-bbbbb", ready=False)
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    crashed["status"]["containerStatuses"] = [{"name": "engine", "ready": False, "state": waiting}]
    facts = picture(pod("chat-aaaaa"), crashed)

    verdict = conditions.progressing(facts)
    assert verdict is not None
    assert (set(verdict.statuses), "CrashLoop" in verdict.reasons) == ({"False"}, True)


@pytest.mark.parametrize(
    ("changes", "condition", "reason"),
    [
        ({"engine": {"context": {"maxTokens": 10_000_000}}}, "Accepted", "DoesNotFit"),
        ({"engine": {"context": {"maxTokens": 8192}, "extraArgs": ["--port", "9"]}}, "Accepted", "Refused"),
        ({"accelerator": {"product": "H200"}}, "Scheduled", "ProductAbsent"),
        ({"replicas": 3}, "Available", "TooFew"),
    ],
)
def test_each_spec_that_cannot_work_must_be_reported(changes: Manifest, condition: str, reason: str) -> None:
    found = {one.condition: one for one in conditions.verdicts(picture(**changes))}

    assert reason in found[condition].reasons
    assert condition in about(picture(**changes))


def test_no_reason_for_a_missing_pod_is_required_while_an_earlier_pod_is_still_terminating() -> None:
    lacking = picture(pod("chat-aaaaa"), replicas=2)
    leaving = pod("chat-bbbbb")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-21T10:00:30Z"
    left = leaving | {"status": leaving["status"] | {"phase": "Succeeded"}}

    assert "Scheduled" in about(lacking)
    assert "Scheduled" not in about(picture(pod("chat-aaaaa"), leaving, replicas=2))
    assert "Scheduled" in about(picture(pod("chat-aaaaa"), left, replicas=2)), "its GPU is free"


@pytest.mark.parametrize(("strategy", "lies"), [("Surge", set()), ("Replace", {"Scheduled"})])
def test_a_change_that_surges_may_wait_for_a_gpu_while_every_replica_has_a_node(strategy: str, lies: set[str]) -> None:
    fields = SERVING | {"Scheduled": ("False", "NoFreeGpu")}
    changed = picture(fields=fields, engine={"context": {"maxTokens": 4096}}, rollout={"strategy": strategy})
    unchanged = picture(fields=fields, rollout={"strategy": strategy})

    assert "Scheduled" in about(unchanged)
    assert about(changed) & {"Scheduled"} == lies


@pytest.mark.parametrize(
    ("spec", "ready", "lies"),
    [
        ({"unschedulable": False}, "True", {"Scheduled"}),
        ({"unschedulable": True}, "True", set()),
        ({"taints": [{"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}]}, "True", set()),
        ({"taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]}, "True", {"Scheduled"}),
        ({}, "False", set()),
    ],
)
def test_a_gpu_that_a_change_frees_on_a_node_that_takes_no_pods_is_none(
    spec: Manifest, ready: str, lies: set[str]
) -> None:
    crowded = SERVING | {"Scheduled": ("False", "NoFreeGpu"), "Progressing": ("True", "RollingOut")}
    changing = picture(fields=crowded, engine={"context": {"maxTokens": 4096}}, rollout={"strategy": "Replace"})
    (node,) = changing.nodes
    node["metadata"]["name"] = "one"
    node["spec"] = spec
    node["status"]["conditions"] = [{"type": "Ready", "status": ready}]

    assert about(changing) & {"Scheduled"} == lies


def test_what_is_missing_is_named_with_its_cause() -> None:
    late = pod("chat-bbbbb", ready=False)
    facts = picture(pod("chat-aaaaa"), late)
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    router = {"metadata": {"name": "chat-router"}, "spec": {"replicas": 2}, "status": {"conditions": [refused]}}
    object.__setattr__(facts, "deployments", (router,))

    assert facts.missing == (
        "chat-router: 0 ready, ReplicaFailure=True FailedCreate exceeded quota",
        "chat-bbbbb: Running on one, Ready=False",
    )


def test_more_gpus_than_a_node_has_is_for_a_person_to_change() -> None:
    assert "Stalled" in about(picture(parallelism={"tensor": 8}))


def test_stalled_is_not_required_while_all_replicas_serve_on_nodes_that_lost_their_gpus() -> None:
    serving = picture()
    (node,) = serving.nodes
    node["status"]["allocatable"]["nvidia.com/gpu"] = "0"
    assert "Stalled" not in about(serving)

    missing = picture(pod("chat-bbbbb", ready=False), *serving.pods[1:])
    (node,) = missing.nodes
    node["status"]["allocatable"]["nvidia.com/gpu"] = "0"
    assert "Stalled" in about(missing)


def test_routers_that_say_nothing_leave_it_unknown() -> None:
    silent = picture(fields=SERVING | {"Routable": ("Unknown", "RoutersSilent"), "Ready": ("Unknown", "RoutersSilent")})
    object.__setattr__(silent, "pages", {"router": None})

    assert about(silent) == set()


@pytest.mark.parametrize(
    ("message", "flaw"),
    [
        ("1 replicas keep serving", "one of a thing is called many"),
        ("2 replica are ready", "many of a thing are called one"),
        ("4 of 3 replicas serve", "4 of 3"),
        ("the engine exited with code None", "a word of the program's own"),
        ("the the router", "twice"),
        ("x" * 1001, "1001 characters"),
    ],
)
def test_sentences_that_are_wrong_by_themselves(message: str, flaw: str) -> None:
    assert [one for one in words.flaws(message) if flaw in one]


@pytest.mark.parametrize(
    "message",
    [
        "1 replica keeps serving",
        "2 of 3 replicas are ready",
        "a replica takes 8 GPUs",
        "6 wait in routers",
        "1,000 tokens",
    ],
)
def test_sentences_that_are_well(message: str) -> None:
    assert list(words.flaws(message)) == []


def test_a_message_must_not_name_a_pod_that_does_not_exist() -> None:
    facts = picture()
    facts.document["status"]["conditions"][0]["message"] = "pod chat-zzzzz: it ended"

    assert [one.fact for one in words.lies(facts)] == ["there is no pod chat-zzzzz"]


def test_children_of_two_deployments_are_compared_without_their_names_and_past() -> None:
    def child(name: str, revision: str, replicas: int) -> Manifest:
        notes = {"fairlead.dev/wanted-since": name, "fairlead.dev/note": f"of {name}-{revision}"}
        head = {"name": f"{name}-{revision}", "labels": {"fairlead.dev/revision": revision}, "annotations": notes}
        return {"kind": "deployments", "metadata": head, "spec": {"replicas": replicas}}

    one = children.essence([child("chat-1", "0a1b2c3d", 2)], "lane-1", "chat-1")
    same = children.essence([child("chat-2", "4d5e6f70", 2)], "lane-2", "chat-2")
    other = children.essence([child("chat-2", "4d5e6f70", 3)], "lane-2", "chat-2")

    assert children.differences(one, same) == []
    assert children.differences(one, other) == [
        "deployments/NAME-REVISION0: spec: {'replicas': 3} instead of {'replicas': 2}"
    ]
    assert children.differences(one, {}) == ["deployments/NAME-REVISION0 is missing"]
    assert copy.deepcopy(one) == one


@pytest.mark.parametrize(("finished", "by_itself"), [("09:59:58", True), ("10:00:00", True), ("10:00:03", False)])
def test_a_terminating_pod_ended_by_itself_only_if_it_ended_before_its_deletion(finished: str, by_itself: bool) -> None:
    leaving = pod("chat-aaaaa")
    leaving["metadata"] |= {"deletionTimestamp": "2026-11-21T10:00:30Z", "deletionGracePeriodSeconds": 30}
    end = {"terminated": {"exitCode": 0, "finishedAt": f"2026-11-21T{finished}Z"}}
    leaving["status"]["containerStatuses"] = [{"name": "engine", "state": end}]

    assert pod_eye.ended_by_itself(leaving) is by_itself
    assert not pod_eye.ended_by_itself(pod("chat-bbbbb"))


class TwoEvents:
    """An API server with one pod, which crashes, and is then updated as if it never had."""

    def __init__(self, *events: Manifest) -> None:
        self._events = events

    async def get(self, path: str) -> Manifest:
        assert path == "/api/v1/pods"
        return {"items": [pod("chat-aaaaa")], "metadata": {"resourceVersion": "1"}}

    async def lines(self, path: str, version: str) -> AsyncIterator[Manifest]:
        assert (path, version) == ("/api/v1/pods", "1")
        for one in self._events:
            yield {"type": "MODIFIED", "object": one}
        yield {"type": "ERROR", "object": {}}


def test_a_pod_that_ended_between_two_snapshots_is_remembered() -> None:
    crashed, again = pod("chat-aaaaa"), pod("chat-aaaaa")
    end = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-21T09:59:58Z"}}
    crashed["status"]["containerStatuses"] = [{"name": "engine", "state": end}]

    async def looked() -> pod_eye.PodEye:
        eye = pod_eye.PodEye(cast("Kube", TwoEvents(crashed, again)))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(eye.follow(), 0.2)
        return eye

    eye = asyncio.run(looked())

    assert eye.named("", "chat-aaaaa") == pod("chat-aaaaa")
    assert eye.ended("") == {"chat-aaaaa"}
    assert eye.ended("elsewhere") == frozenset()
