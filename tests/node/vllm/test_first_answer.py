"""One `kubectl apply` becomes a pod of real vLLM that answers, under the strictest Pod Security level."""

import json
from typing import Final

import pytest

from tests.node.engine_world import CountedQuestion, container_of
from tests.node.first_answers import measure_first_answer
from tests.node.operator_stage import observe_all
from tests.node.serving.claims import Record
from tests.node.stories import Stage
from tests.node.vllm.real_engines import spec

pytestmark = pytest.mark.usefixtures("operated")

SCRIPT: Final = """
import json, os
def may_write(folder):
    try:
        os.close(os.open(folder + "/a-story", os.O_CREAT | os.O_WRONLY))
    except OSError:
        return False
    return True
folders = ["/", "/opt/vllm", "/models/model", "/tmp", "/cache", "/dev/shm"]
print(json.dumps({"uid": os.getuid(), "written": [one for one in folders if may_write(one)]}))
"""


def test_one_apply_becomes_a_pod_of_vllm_that_answers(stage: Stage, record_property: Record) -> None:
    measured = measure_first_answer(stage, "chat", CountedQuestion, spec())

    record_property("overhead_seconds", round(measured.overhead, 2))
    record_property("engine_seconds", round(measured.engine, 2))
    (pod,) = observe_all(stage)["chat"].pods
    engine = container_of(pod)
    assert engine["resources"]["limits"] == engine["resources"]["requests"] == {"cpu": "1", "memory": "5Gi"}
    assert {name for name in engine if name.endswith("Probe")} == {"startupProbe", "readinessProbe", "livenessProbe"}
    seen = json.loads(stage.kubectl("exec", pod["metadata"]["name"], "--", "python3", "-c", SCRIPT))
    assert seen == {"uid": 2000, "written": ["/tmp", "/cache", "/dev/shm"]}
    (status,) = pod["status"]["containerStatuses"]
    assert (status["restartCount"], status["image"]) == (0, engine["image"])
    assert 0 < measured.engine < measured.total
