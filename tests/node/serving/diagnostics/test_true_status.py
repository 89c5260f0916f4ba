"""The status for a cordoned node, and for an engine that hangs after it had ended once."""

import json
import time
from typing import Any, Final

import pytest

from tests.node.operator_stage import Deployed, engine
from tests.node.stories import Stage
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

CORDONED_S: Final = 8.0


@pytest.mark.trial(2)
@pytest.mark.trial(3)
def test_a_cordon_is_not_counted_as_cold_start_and_a_hang_is_reported_as_a_hang(stage: Stage) -> None:
    """The kubelet's own report of a failing probe and of an earlier end."""
    chat = Deployed(stage, replicas=1, engine=engine(FAIRLEAD_ENGINE_FAULTS_API="1"), rollout={})
    (first,) = chat.serves().engines
    nodes = [one["metadata"]["name"] for one in stage.objects("nodes") if _has_l4(one)]
    stage.door.kubectl("cordon", *nodes)
    try:
        stage.kubectl("delete", "pod", first, "--wait=false")
        eventually(lambda: chat.observe().reason("Scheduled") in {"Unschedulable", "NoFreeGpu"}, "it waits for a node")
        time.sleep(CORDONED_S)
        assert chat.observe().reason("Stalled") == "", "an uncordon is waited for"
    finally:
        stage.door.kubectl("uncordon", *nodes)
    (pod,) = chat.serves().engines
    start = chat.observe().status["revisions"][0]["coldStart"]
    assert float(start["last"]) < CORDONED_S <= float(start["nodeWait"]), start

    run_script(stage, pod, "import os, signal; os.kill(1, signal.SIGTERM)")
    eventually(lambda: _restarts(chat) == 1 and chat.observe().settled, "it ended once and serves again", within_s=60)
    run_script(stage, pod, _order("hang"))
    found = eventually(
        lambda: _conditions(chat) if chat.observe().reason("Ready") == "NotReady" else "", "the hang is named", 60
    )

    assert "has failed its readiness probe for 15 seconds or longer" in found
    assert "restarts it after 120 seconds without an answer" in found
    assert "ended" not in found, "the end before is no news"


@pytest.mark.trial(5)
@pytest.mark.trial(6)
def test_what_no_node_here_can_hold_is_stalled_and_says_what_to_change(stage: Stage) -> None:
    """A GPU that no node has, and eight of a GPU that comes in sixes."""
    none = Deployed(stage, "none", replicas=0, product="NVIDIA-H100-80GB-HBM3")
    wide = Deployed(stage, "wide", replicas=1, parallelism={"tensor": 8})

    def as_it_is() -> bool:
        zero, eight = none.observe(), wide.observe()
        found = [zero.reason("Ready"), zero.reason("Scheduled"), eight.reason("Ready"), eight.reason("Stalled")]
        return found == ["ScaledToZero", "ProductAbsent", "NodesTooSmall", "NodesTooSmall"]

    eventually(as_it_is, "nothing serves, for a GPU that is absent and for nodes that are too small")
    assert wide.observe().reason("Reconciling") == "", "nothing that goes on by itself would help"


def run_script(stage: Stage, pod: str, script: str) -> None:
    """Run a script in the engine's pod."""
    stage.kubectl("exec", pod, "--", "python3", "-c", script)


def _order(fault: str) -> str:
    order: dict[str, Any] = {"method": "POST", "headers": {"Content-Type": "application/json"}}
    where, data = "http://127.0.0.1:8000/fairlead/v1/faults", json.dumps({"fault": fault})
    return f"import urllib.request as u; u.urlopen(u.Request({where!r}, data={data!r}.encode(), **{order!r}))"


def _conditions(chat: Deployed) -> str:
    return next(str(one["message"]) for one in chat.observe().status["conditions"] if one["type"] == "Ready")


def _restarts(chat: Deployed) -> int:
    return sum(one["restartCount"] for pod in chat.observe().pods for one in pod["status"].get("containerStatuses", ()))


def _has_l4(node: dict[str, Any]) -> bool:
    return bool(node["metadata"]["labels"].get("nvidia.com/gpu.product") == "NVIDIA-L4")
