"""A model as the judge, on a node: a new revision that it finds worse never reaches a user.

The judge is a pod that speaks OpenAI's API and has one rule: an answer that is JSON is better than one that is not.
"""

from typing import Any, Final

import pytest

from tests.node import stories
from tests.node.operator_stage import engine
from tests.node.serving.canaries.test_canaries import REPLICAS, fleet, progress, watched
from tests.node.serving.canaries.test_quality_gates import BREAKS_JSON, ITEMS, QUALITY, gate, questions
from tests.node.serving.claims import Record, unharmed
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

PORT: Final = 8091
JUDGE: Final = f"""
import http.server, json, sys
def is_json(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
class Judge(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = body["messages"][-1]["content"]
        first, second = text.split("[Answer A]")[1].split("[Answer B]")
        found = {{(True, False): "A", (False, True): "B"}}.get((is_json(first), is_json(second)), "TIE")
        sys.stdout.write(found + "\\n")
        sys.stdout.flush()
        message = {{"role": "assistant", "content": "One is data. VERDICT: " + found}}
        choice = {{"index": 0, "message": message, "finish_reason": "stop"}}
        usage = {{"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}}
        reply = {{"id": "1", "object": "chat.completion", "created": 0, "model": "judge", "usage": usage}}
        reply["choices"] = [choice]
        text = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("", {PORT}), Judge).serve_forever()
"""


def judge(stage: Stage, image: str) -> dict[str, Any]:
    """Start the judge; returns the scorer that names it."""
    stage.apply(stories.pod("judge", image, JUDGE), stories.service("judge", PORT))
    eventually(lambda: stage.phases("app=judge").get("Running"), "the judge runs")
    return {"type": "Judge", "judge": {"url": f"http://judge.{stage.namespace}.svc/v1", "model": "judge"}}


def replies(stage: Stage) -> list[str]:
    """Its replies, in order."""
    return stage.kubectl("logs", "judge", "--tail=-1").split()


def test_a_judge_rejects_the_revision_whose_answers_it_likes_less_and_passes_one_that_answers_alike(
    stage: Stage, our_image: str, record_property: Record
) -> None:
    questions(stage, judge(stage, our_image))
    chat = fleet(stage, {"traffic": 0, "hold": "0s", "gates": ["Quality"]}, quality=QUALITY)
    before = chat.observe()
    with Traffic(chat.address()) as traffic, watched(chat) as trail:
        chat.apply(engine=BREAKS_JSON)
        eventually(lambda: trail.rejected, "it is rejected", 240)
        failed, given = gate(chat), replies(stage)
        eventually(lambda: chat.observe().revisions == before.revisions, "the old replicas are back", 90)
        assert progress(chat) == "CanaryRejected"
        traffic.goes_on()
        chat.apply(engine=engine(context=4096))
        after = chat.serves(300).engines
        passed = gate(chat)

    unharmed(traffic.report, record_property)
    record_property("max_gpus", trail.held)
    record_property("pairs_judged", len(given) // 2)
    assert (failed["verdict"], failed["reason"]) == ("Failed", "StoppedForHarm")
    assert given.count("A") == given.count("B") > 5, "each pair in both orders, and it reads what it is shown"
    assert (passed["verdict"], passed["reason"], passed["compared"]) == ("Passed", "NotWorse", ITEMS)
    assert "no pair differed" in passed["message"]
    assert replies(stage) == given, "nobody asks it of answers that are the same"
    assert before.engines.keys().isdisjoint(after)
    assert (trail.held, trail.routable) == (REPLICAS, REPLICAS - 1)
