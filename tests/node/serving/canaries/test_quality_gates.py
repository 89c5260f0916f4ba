"""An evaluation as a gate on a node: a worse candidate goes before any user sees it, an equal one takes all."""

import json
from typing import Any, Final

import pytest

from tests.node.operator_stage import Deployed, engine
from tests.node.serving.canaries.test_canaries import REPLICAS, fleet, progress, watched
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.scaling.fleets import command
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

ITEMS: Final = 60
QUALITY: Final = {"evaluation": "support", "margin": "8"}
CITY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"capital": {"type": "boolean"}, "river": {"enum": ["Seine", "Thames"]}},
    "required": ["capital", "river"],
    "additionalProperties": False,
}
BREAKS_JSON: Final = engine(FAIRLEAD_ENGINE_INVALID_JSON_RATE="0.4")


def questions(stage: Stage, scorer: dict[str, Any] | None = None) -> None:
    """Answers must follow a schema, as a team would require."""
    response = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
    lines = [
        json.dumps({"input": f"Tell me of city {number}.", "target": CITY, "response_format": response})
        for number in range(ITEMS)
    ]
    head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "questions"}}
    stage.apply(head | {"data": {"items.jsonl": "\n".join(lines)}})
    spec = {
        "items": {"configMap": {"name": "questions", "key": "items.jsonl"}},
        "scorer": scorer or {"type": "JSONSchema"},
        "sampling": {"maxTokens": 64},
        "concurrency": 8,
        "minItems": ITEMS,
    }
    kind = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "Evaluation"}
    stage.apply(kind | {"metadata": {"name": "support"}, "spec": spec})


def gate(chat: Deployed) -> dict[str, Any]:
    """The entry of gate Quality."""
    found = chat.observe().document["status"].get("canary", {}).get("gates", [])
    return dict(found[0]) if found else {}


def test_an_evaluation_rejects_what_answers_worse_and_passes_what_does_not(
    stage: Stage, record_property: Record
) -> None:
    questions(stage)
    chat = fleet(stage, {"traffic": 0, "hold": "0s", "gates": ["Quality"]}, quality=QUALITY)
    before = chat.observe()
    with Traffic(chat.address()) as traffic, watched(chat) as trail:
        chat.apply(engine=BREAKS_JSON)
        eventually(lambda: trail.rejected, "it is rejected", 240)
        failed = gate(chat)
        eventually(lambda: chat.observe().revisions == before.revisions, "the old replicas are back", 90)
        assert progress(chat) == "CanaryRejected"
        traffic.goes_on()
        chat.apply(engine=engine(context=4096))
        after = chat.serves(300).engines
        passed = gate(chat)
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    record_property("max_gpus", trail.held)
    record_property("items_to_stop", failed["compared"])
    assert (failed["verdict"], failed["reason"]) == ("Failed", "StoppedForHarm")
    assert (passed["verdict"], passed["reason"], passed["compared"]) == ("Passed", "NotWorse", ITEMS)
    assert before.engines.keys().isdisjoint(after)
    assert (trail.held, trail.routable) == (REPLICAS, REPLICAS - 1)
    assert "Passed" in command(stage, "rollout", "status", f"infd/{chat.name}")
