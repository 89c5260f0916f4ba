"""Why a pod does not start: the kubelet's message and the engine's last words, without parts that change."""

from typing import Any

import pytest

from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods import pod_troubles
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.pod_problems import PodProblem


def pod(status: Manifest, *, first: bool = False) -> Manifest:
    """A pod whose only container has this status, now or before its last restart."""
    return {"metadata": {"name": "p"}, "status": {"initContainerStatuses" if first else "containerStatuses": [status]}}


def ended(message: str, **more: Any) -> Manifest:  # noqa: ANN401  # a container's end
    """A container that ended."""
    return {"state": {"terminated": {"exitCode": 1, "message": message} | more}}


@pytest.mark.parametrize(
    ("status", "reason", "answer"),
    [
        ({"image": "a:1", "state": {"waiting": {"reason": "ErrImagePull"}}}, Why.IMAGE_NOT_PULLED, "image a:1"),
        ({"state": {"waiting": {"reason": "CreateContainerError"}}}, Why.CANNOT_START, "CreateContainerError"),
        (ended("", reason="OOMKilled"), Why.OUT_OF_MEMORY, "the kernel killed the engine"),
        (ended("huggingface: 401 Client Error"), Why.ACCESS_DENIED, "accept the licence"),
        (ended("RepositoryNotFoundError"), Why.MODEL_NOT_FOUND, "branches move"),
        (ended("HFValidationError: Repo id must be in the form x: '/models/x'"), Why.MODEL_NOT_FOUND, "model.source"),
        (ended("SafetensorError: incomplete metadata"), Why.MODEL_UNREADABLE, "check the files at"),
        (ended("ValueError: No available memory for the cache blocks"), Why.OUT_OF_GPU_MEMORY, "quantize"),
        (ended("error: argument --dtype: invalid choice: 'x'"), Why.BAD_ARGUMENTS, "invalid choice"),
        (ended("Traceback\n  File x\nRuntimeError: boom\n\n"), Why.CRASH_LOOP, "code 1: RuntimeError: boom"),
        (ended(""), Why.CRASH_LOOP, "no last message"),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_every_end_has_a_reason_and_a_remedy(status: Manifest, reason: Why, answer: str, first: bool) -> None:
    found = pod_troubles.trouble(pod(status, first=first))
    assert found is not None
    assert (found.pod, found.reason) == ("p", reason)
    assert answer in found.message


ACCESS_LOG = 'INFO:     10.244.1.7:40466 - "GET /v1/modelz HTTP/1.1" 404 Not Found'


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Process 2140417 has 77.70 GiB in use.", Why.OUT_OF_GPU_MEMORY),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 404.00 MiB.", Why.OUT_OF_GPU_MEMORY),
        (f"{ACCESS_LOG}\ntorch.AcceleratorError: CUDA error: an illegal memory access", Why.CRASH_LOOP),
        ("INFO [gpu_worker.py:1] Available KV cache memory: 12.3 GiB\nRuntimeError: boom", Why.CRASH_LOOP),
        ("4.0 GiB KV cache is needed, larger than the available KV cache memory (1.0 GiB)", Why.OUT_OF_GPU_MEMORY),
        ("ERROR 11-21 10:40:45 [multiproc_executor.py:401] RuntimeError: NCCL error", Why.CRASH_LOOP),
        ('INFO: 10.1.1.1:4242 - "POST /v1/models HTTP/1.1" 401 Unauthorized\nKeyError: 403', Why.CRASH_LOOP),
        ('INFO: 10.1.1.1:4242 - "POST /v1/models HTTP/1.1" 403 Forbidden\nRuntimeError: boom', Why.CRASH_LOOP),
    ],
)
def test_the_words_of_a_log_are_not_taken_for_another_cause(message: str, reason: Why) -> None:
    found = pod_troubles.trouble(pod(ended(message)))
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    "answer",
    [
        "huggingface_hub.errors.HfHubHTTPError: {} Client Error. (Request ID: Root=1-66f4b037)",
        "httpx.HTTPStatusError: Client error '{} Status' for url 'https://huggingface.co/a/b'",
        "request error: HTTP status client error ({} Status) for url (https://huggingface.co/a/b)",
        "urllib.error.HTTPError: HTTP Error {}: Status",
        "ClientError: An error occurred ({}) when calling the HeadObject operation: Status",
    ],
)
@pytest.mark.parametrize(
    ("status", "reason"), [(401, Why.ACCESS_DENIED), (403, Why.ACCESS_DENIED), (404, Why.MODEL_NOT_FOUND)]
)
def test_the_status_of_a_download_is_found_as_each_library_writes_it(answer: str, status: int, reason: Why) -> None:
    found = pod_troubles.trouble(pod(ended(answer.format(status))))
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"state": {"waiting": {"reason": "ContainerCreating"}}},
        {"state": {"running": {}}},
        {"ready": True, "lastState": {"terminated": {"exitCode": 1, "message": "once"}}},
    ],
)
def test_a_pod_that_may_need_time_has_no_trouble(status: Manifest) -> None:
    assert pod_troubles.trouble(pod(status)) is None
    assert pod_troubles.trouble({"metadata": {"name": "p"}}) is None


def test_the_last_end_counts_while_the_container_waits_or_runs_again() -> None:
    last = {"lastState": {"terminated": {"exitCode": 139, "message": "Segmentation fault"}}}
    words = "the engine exited with code 139: Segmentation fault; kubectl logs shows more"
    states: tuple[Manifest, ...] = ({"waiting": {"reason": "CrashLoopBackOff"}}, {"running": {}})
    for state in states:
        found = pod_troubles.trouble(pod(last | {"state": state}))
        assert found == PodProblem(pod="p", reason=Why.CRASH_LOOP, message=words)


def test_what_differs_from_one_try_to_the_next_is_left_out() -> None:
    """P29: times, process numbers and addresses."""
    lines = ("2026-11-20 12:00:01,123 (pid=17) at 0xdeadbeef: boom", "11-20 13:11:22 pid 4711 at 0xcafe: boom")
    first, second = (pod_troubles.trouble(pod(ended(line))) for line in lines)
    assert first == second


def test_a_long_last_word_is_cut() -> None:
    found = pod_troubles.trouble(pod(ended("x" * 5000)))
    assert found is not None
    assert len(found.message) < 400


PROBES: Manifest = {
    "name": "engine",
    "readinessProbe": {"periodSeconds": 5, "failureThreshold": 3},
    "livenessProbe": {"periodSeconds": 15, "failureThreshold": 8},
}
CRASHED: Manifest = {"terminated": {"exitCode": 1, "message": "RuntimeError: boom"}}
DRAINED: Manifest = {"terminated": {"exitCode": 0, "message": "INFO drained; no running request was cut"}}
RUNS: Manifest = {"running": {"startedAt": "2026-11-20T12:00:00Z"}}


def lapsed(*, lost_at: str, started: bool = True, probes: Manifest = PROBES) -> Manifest:
    """A pod whose engine crashed, started again, and lost its readiness at this time."""
    status = {"name": "engine", "ready": False, "started": started, "restartCount": 1}
    made = pod(status | {"state": RUNS, "lastState": CRASHED})
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": lost_at}
    return made | {"spec": {"containers": [probes]}, "status": made["status"] | {"conditions": [ready]}}


@pytest.mark.trial(1)
@pytest.mark.parametrize("code", [0, 137, 143, 1])
def test_a_pod_that_is_to_end_has_no_trouble_however_its_engine_ends(code: int) -> None:
    found = pod({"state": {"terminated": DRAINED["terminated"] | {"exitCode": code}}})
    ending = found | {"metadata": {"name": "p", "deletionTimestamp": "2026-11-20T12:00:00Z"}}
    evicted = found | {"status": found["status"] | {"phase": "Failed", "reason": "Evicted"}}
    assert pod_troubles.trouble(found) is not None
    assert (pod_troubles.trouble(ending), pod_troubles.trouble(evicted)) == (None, None)


@pytest.mark.trial(1)
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"state": DRAINED}, Why.ENGINE_ENDED),
        ({"state": {"running": {}}, "lastState": DRAINED, "restartCount": 1}, Why.ENGINE_ENDED),
        ({"state": DRAINED, "restartCount": 1}, Why.CRASH_LOOP),
        (
            {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": DRAINED, "restartCount": 1},
            Why.CRASH_LOOP,
        ),
    ],
)
def test_an_engine_that_ends_well_where_it_should_not_is_named_and_a_loop_only_when_it_does_again(
    status: Manifest, reason: Why
) -> None:
    words = "the engine exited with code 0, and its pod was to go on: INFO drained; no running request was cut"
    shown = "kubectl describe pod says whether the kubelet ended it, kubectl logs --previous why"
    assert pod_troubles.trouble(pod(status)) == PodProblem(pod="p", reason=reason, message=f"{words}; {shown}")


@pytest.mark.trial(1)
@pytest.mark.parametrize(("code", "is_trouble"), [(0, False), (1, True), (143, True)])
def test_a_check_that_found_nothing_has_ended_as_it_should(code: int, is_trouble: bool) -> None:
    """Its container has ended, and the kubelet has not reported yet that its pod has."""
    check = pod({"state": {"terminated": {"exitCode": code}}}) | {"spec": {"restartPolicy": "Never"}}
    check["status"]["phase"] = "Running"
    assert (pod_troubles.trouble(check) is not None) == is_trouble


@pytest.mark.trial(2)
def test_an_engine_that_lost_readiness_is_reported_by_that_and_not_by_an_earlier_crash() -> None:
    found = pod_troubles.trouble(lapsed(lost_at="2026-11-20T12:01:00Z"))
    assert found == PodProblem(
        pod="p",
        reason=Why.NOT_READY,
        message="the engine was ready and has failed its readiness probe for 15 seconds or longer: it hangs"
        " or is overloaded; the kubelet restarts it after 120 seconds without an answer,"
        " up to 30 seconds later; see kubectl logs",
    )
    bare = pod_troubles.trouble(lapsed(lost_at="2026-11-20T12:01:00Z", probes={"name": "engine"}))
    assert bare is not None
    assert bare.message.startswith("the engine was ready and has failed its readiness probe: it hangs")
    assert "nothing restarts it: delete the pod" in bare.message


@pytest.mark.trial(2)
def test_an_earlier_crash_explains_a_start_that_is_not_over_and_nothing_later() -> None:
    starting = pod_troubles.trouble(lapsed(lost_at="2026-11-20T11:59:59Z", started=False))
    assert starting is not None
    assert starting.reason is Why.CRASH_LOOP
    assert pod_troubles.trouble(lapsed(lost_at="2026-11-20T11:59:59Z")) is None


def test_the_image_of_the_loader_beside_an_engine_is_the_charts_and_not_the_specs() -> None:
    status = {"name": "loader", "image": "reg/fairlead:1", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    problem = pod_troubles.trouble(pod(status, first=True))
    assert problem is not None
    assert problem.reason is Why.IMAGE_NOT_PULLED
    assert problem.message == (
        "image reg/fairlead:1 cannot be pulled: ImagePullBackOff; check the chart's image and imagePullSecrets, whose "
        "Secret must be in this namespace too"
    )


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("/models/model", "spec.model.source"),
        ("/models/draft", "spec.engine.speculation.draft.source"),
        ("/models/adapters/sailor", "spec.engine.adapters"),
    ],
)
def test_an_image_of_weights_that_cannot_be_pulled_is_named_with_its_own_field(place: str, field: str) -> None:
    """The kubelet reports it for the container, whose own image is another one."""
    message = 'Back-off pulling image "reg/weights:missing"'
    found = pod({"image": "vllm:1", "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}})
    found["spec"] = {
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "w", "image": {"reference": "reg/weights:missing"}}],
        "containers": [{"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "w", "mountPath": place}]}],
    }
    problem = pod_troubles.trouble(found)
    assert problem is not None
    assert problem.message.startswith("image reg/weights:missing cannot be pulled: ")
    assert f"check {field}, and" in problem.message
