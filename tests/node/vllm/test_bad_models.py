"""A missing model and one with truncated weights: real vLLM's last words become a condition to act on."""

from typing import Final

import pytest

from house import tiny_images
from tests.node.engine_world import START_SECONDS, conditions, serves, traffic
from tests.node.operator_stage import Deployed
from tests.node.serving.claims import Record, unharmed
from tests.node.stories import Stage, pod, service
from tests.node.vllm.real_engines import deployed, spec
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

GATED_HUB: Final = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Hub(BaseHTTPRequestHandler):
    def do_GET(self):
        words = b"Access to model closed/model is restricted. You must have access to it and be authenticated."
        self.send_response(401)
        self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("X-Error-Message", words.decode())
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else words)
    do_HEAD = do_GET
ThreadingHTTPServer(("", 8080), Hub).serve_forever()
"""
REMEDY = "check the files at spec.model.source"


@pytest.mark.parametrize(
    ("source", "reason"),
    [("/models/nowhere", "ModelNotFound"), ("oci://localhost/fairlead-tiny-llama:missing", "ImageNotPulled")],
)
def test_a_model_that_is_not_there_is_named_by_a_condition(stage: Stage, source: str, reason: str) -> None:
    chat = deployed(stage, model=spec()["model"] | {"source": source})
    eventually(lambda: reason in reasons(chat), f"{reason} is what its owner reads", START_SECONDS)
    assert "spec.model" in " ".join(conditions(chat).values())


def test_truncated_weights_are_named_and_replace_no_replica(stage: Stage, record_property: Record) -> None:
    """The check opens them before the only replica would have to go."""
    chat = deployed(stage)
    before = serves(chat).engines
    with traffic(chat) as clients:
        chat.apply(model=spec()["model"] | {"source": f"oci://{tiny_images.CORRUPT}"})
        eventually(lambda: REMEDY in " ".join(conditions(chat).values()), "what its owner reads", START_SECONDS)
        clients.goes_on()

    unharmed(clients.report, record_property)
    assert chat.observe().engines.items() >= before.items()


def test_cut_weights_of_a_first_start_are_named_though_only_the_log_says_so(stage: Stage) -> None:
    """The engine's own process fails; the one that Kubernetes watches only says that the cause is above."""
    chat = deployed(stage, model=spec()["model"] | {"source": f"oci://{tiny_images.CORRUPT}"})
    eventually(lambda: "ModelUnreadable" in reasons(chat), "ModelUnreadable is what its owner reads", START_SECONDS)
    assert REMEDY in " ".join(conditions(chat).values())


def test_a_gated_model_is_named_with_where_its_licence_is(stage: Stage, our_image: str) -> None:
    """A fake hub answers as the real one does for a model whose licence nobody accepted."""
    stage.apply(pod("hub", our_image, GATED_HUB), service("hub", 8080))
    hub = [{"name": "HF_ENDPOINT", "value": "http://hub"}]
    chat = deployed(stage, model={"source": "hf://closed/model", "servedName": "chat"}, engine=spec(env=hub)["engine"])
    eventually(lambda: "AccessDenied" in reasons(chat), "AccessDenied is what its owner reads", START_SECONDS)
    assert "accept the licence" in " ".join(conditions(chat).values())


def reasons(chat: Deployed) -> set[str]:
    """Reasons of the conditions that could name it."""
    seen = chat.observe()
    return {seen.reason(kind) for kind in ("Ready", "Stalled", "Progressing")}
