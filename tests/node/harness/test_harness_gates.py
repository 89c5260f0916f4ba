"""A gate by the lm-evaluation-harness in a pod, offline: it rejects worse answers and passes equal ones."""

import json
from typing import Any, Final

import pytest

from devcluster.image import lm_eval
from tests.node.operator_stage import Deployed, engine
from tests.node.serving.canaries.test_canaries import fleet, watched
from tests.node.serving.canaries.test_quality_gates import BREAKS_JSON, QUALITY, gate
from tests.node.serving.claims import Record
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

ITEMS: Final = 60
ANSWER: Final = {"capital": "Paris", "river": "Seine"}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {name: {"const": value} for name, value in ANSWER.items()},
    "required": [*ANSWER],
    "additionalProperties": False,
}
TASK: Final[dict[str, Any]] = {
    "task": "support",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "/items/items.jsonl"}},
    "test_split": "test",
    "output_type": "generate_until",
    "doc_to_text": "question",
    "doc_to_target": "answer",
    "generation_kwargs": {
        "until": ["<|never|>"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA}},
    },
    "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
}
SECONDS: Final = 600
"""Three passes, each with the harness's own start, beside a fleet under load on two cores."""


def evaluation(stage: Stage, task: str) -> None:
    """As in docs/canary.md: the items and the task's file in one ConfigMap."""
    lines = [
        {"id": number, "question": f"Tell me of city {number}.", "answer": json.dumps(ANSWER)}
        for number in range(ITEMS)
    ]
    data = {"items.jsonl": "".join(f"{json.dumps(one)}\n" for one in lines), "support.yaml": json.dumps(TASK)}
    stage.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "support-task"}, "data": data})
    runner = {
        "type": "LmEval",
        "image": lm_eval.IMAGE.reference,
        "task": task,
        "metric": "exact_match",
        "resources": {"cpu": "100m", "memory": "1Gi"},
        "deadline": "10m",
    }
    spec = {"items": {"configMap": {"name": "support-task", "key": "items.jsonl"}}, "runner": runner}
    more = {"concurrency": 8, "minItems": ITEMS, "sampling": {"maxTokens": 64}}
    kind = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "Evaluation"}
    stage.apply(kind | {"metadata": {"name": "support"}, "spec": spec | more})


def deployed(stage: Stage) -> Deployed:
    return fleet(stage, {"traffic": 0, "hold": "0s", "gates": ["Quality"]}, quality=QUALITY)


def test_the_harness_rejects_what_answers_worse_and_passes_what_does_not(stage: Stage, record_property: Record) -> None:
    evaluation(stage, "support")
    chat = deployed(stage)
    with Traffic(chat.address()) as traffic, watched(chat) as trail:
        chat.apply(engine=BREAKS_JSON)
        eventually(lambda: trail.rejected, "it is rejected", SECONDS)
        failed = gate(chat)
        chat.apply(engine=engine(context=4096))
        chat.serves(SECONDS)
        passed = gate(chat)
        traffic.goes_on()
    record_property("harness_items", passed["compared"])
    before, after = float(failed["baseline"]), float(failed["candidate"])
    record_property("harness_right_before", before)
    record_property("harness_right_worse", after)
    assert (failed["verdict"], failed["compared"]) == ("Failed", ITEMS)
    assert (passed["verdict"], passed["reason"], passed["compared"]) == ("Passed", "NotWorse", ITEMS)
    assert after < before


def test_a_task_unknown_to_the_harness_is_named_and_the_gate_continues_once_it_is_fixed(stage: Stage) -> None:
    evaluation(stage, "suport")
    chat = deployed(stage)
    chat.apply(engine=engine(context=4096))
    eventually(lambda: gate(chat).get("reason") == "RunnerFailed", "the gate says that the runner failed", SECONDS)
    assert "suport" in gate(chat)["message"]
    assert gate(chat)["verdict"] == "Error"
    evaluation(stage, "support")
    chat.serves(SECONDS)
    assert (gate(chat)["verdict"], gate(chat)["compared"]) == ("Passed", ITEMS)
