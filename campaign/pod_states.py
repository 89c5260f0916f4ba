"""What a kubelet would write about a container that crashed, hangs or runs again; kwok has no real kubelet."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from campaign import specs
from campaign.observer import facts as seen

Manifest = dict[str, Any]
LAST_WORDS: Final = {0: "INFO the engine core is gone; the server ends", 137: ""}


def crashed(pod: Manifest, code: int) -> Manifest:
    """Crashed, and waiting for its restart."""
    ended = {
        "exitCode": code,
        "reason": "Completed" if code == 0 else "Error",
        "message": LAST_WORDS.get(code, "RuntimeError: CUDA error: an illegal memory access was encountered"),
        "finishedAt": _now(),
    }
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    state = {"ready": False, "started": False, "state": {"waiting": waiting}, "lastState": {"terminated": ended}}
    return _status(pod, state, ready=False, restarts=1)


def hanging(pod: Manifest) -> Manifest:
    """Running, but answers no probe."""
    state = {"ready": False, "started": True, "state": {"running": {"startedAt": _ago(60)}}}
    return _status(pod, state, ready=False)


def running(pod: Manifest) -> Manifest:
    """Running and ready."""
    state = {"ready": True, "started": True, "state": {"running": {"startedAt": _now()}}}
    return _status(pod, state, ready=True) | {"phase": "Running"}


def is_contradicted(pod: Manifest) -> bool:
    """Whether it is marked unready while all its containers are ready and it is not terminating."""
    words = [seen.condition(pod, kind).get("status") for kind in ("ContainersReady", "Ready")]
    return words == ["True", "False"] and not seen.leaves(pod) and not seen.ended(pod)


def taken_back(pod: Manifest) -> Manifest:
    """Mark it ready again; refused if the pod has changed since."""
    entries = [
        one if one["type"] != "Ready" else _condition("Ready", "True", {}) for one in pod["status"]["conditions"]
    ]
    return {
        "metadata": {"resourceVersion": pod["metadata"]["resourceVersion"]},
        "status": {"conditions": entries},
    }


def may_be_ready(pod: Manifest) -> bool:
    """Whether its spec lets it run, and it has run."""
    main = pod["spec"]["containers"][0]
    bad = any(one["name"] == specs.FAULT for one in main.get("env") or ())
    return not bad and not main["image"].endswith(":missing") and has_started(pod)


def has_started(pod: Manifest) -> bool:
    """Whether the kubelet has reported its container."""
    return bool(list(seen.containers(pod)))


def _status(pod: Manifest, state: Manifest, *, ready: bool, restarts: int = 0) -> Manifest:
    word = "True" if ready else "False"
    rest = {} if ready else {"reason": "ContainersNotReady", "message": "containers with unready status: [engine]"}
    entries = [
        one if one["type"] not in {"Ready", "ContainersReady"} else _condition(one["type"], word, rest)
        for one in pod["status"]["conditions"]
    ]
    (container,) = list(seen.containers(pod))[:1]
    document = container | state | {"restartCount": int(container.get("restartCount", 0)) + restarts}
    return {"conditions": entries, "containerStatuses": [document]}


def _condition(kind: str, word: str, rest: Manifest) -> Manifest:
    return {"type": kind, "status": word, "lastTransitionTime": _now()} | rest


def _now() -> str:
    return _ago(0)


def _ago(seconds: int) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
